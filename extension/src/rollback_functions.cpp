#include <algorithm>
#include <optional>

#include "core/claims.hpp"
#include "core/errors.hpp"
#include "core/method.hpp"
#include "core/reports.hpp"
#include "src/caller.hpp"
#include "src/functions.hpp"
#include "src/run.hpp"
#include "src/store.hpp"
#include "src/store_cleanup.hpp"
#include "src/store_maintenance.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::functions {

namespace {

// A node has something to undo once it has begun a step behind the gate.
bool is_touched(const Run &run, const NodePlan &node) {
    return std::ranges::any_of(steps_of(node.role), [&](const auto *step) {
        return step->phase != Phase::Prepare && store::attempts(run.id(), node.nodeid, step->name) > 0;
    });
}

struct Wish {
    std::string reason;
    bool discard_new_data = false;
    std::optional<std::int64_t> not_started_on;  // a primary whose own helper has looked
    bool gives_back = false;                     // its switch has failed: the run is prepared again
};

// What a node says of its own start is taken where that may have been interrupted, not where it was reported as done.
bool may_be_started(const Run &run, const NodePlan &node, const Wish &wish) {
    if (node.role != Role::Primary || store::attempts(run.id(), node.nodeid, steps::kStart) == 0) {
        return false;
    }
    return node.nodeid != wish.not_started_on || state_of(node, require_step(node, steps::kStart)) == StepState::Done;
}

// Where the new cluster's files are those of the old one, this must not be started any more once the new one was.
void refuse_after_start(const Run &run, const Wish &wish) {
    const auto target = "PostgreSQL " + std::to_string(run.row.target_version);
    if (const auto node = store::cleaned_up_node(run.id())) {
        throw Error(code::kNotInStateFor,
                    run_name(run.id()) + " can no longer be rolled back: the old cluster of " + *node + " was removed",
                    "SELECT * FROM pgaf_upgrade_cleanup() shows when; restore from a backup.");
    }
    for (const auto &node : run.plan.nodes) {
        if (!may_be_started(run, node, wish)) {
            continue;
        }
        const auto since = store::finished_at(run.id(), node.nodeid, steps::kStart);
        if (takes_old_files(run.row.method)) {
            throw Error(
                code::kNotInStateFor,
                run_name(run.id()) + " can no longer be rolled back: " + target + " has been started on " + node.name,
                since
                    ? "Its files are those of the old cluster. Remove the cause of what failed and let the upgrade go "
                      "on with pgaf-upgrade run on every node; else restore from the backup."
                    : "Should the start have been interrupted before it began, pgaf-upgrade rollback on " + node.name +
                          " finds that out. Else let the upgrade go on with pgaf-upgrade run on every node, or "
                          "restore from the backup.");
        }
        if (!wish.discard_new_data) {
            throw Error(code::kNotInStateFor,
                        target + " has been started on " + node.name + ": what was written to it would be lost" +
                            (since ? ", from " + *since + " on" : ""),
                        "To give that up, on the monitor: SELECT pgaf_upgrade_rollback(" + std::to_string(run.id()) +
                            ", 'reason', discard_new_data => true); pgaf-upgrade rollback on " + node.name +
                            " tells how much it is.");
        }
        // The monitor's own old cluster knows nothing of this, and is what takes the old nodes back.
        if (!run.row.include_monitor && store::attempts(run.id(), node.nodeid, steps::kRejoin) > 0) {
            throw Error(code::kNotInStateFor,
                        run_name(run.id()) + " can no longer be rolled back: " + node.name +
                            " has reported to the monitor as a node of " + target +
                            ", and this run does not bring back the monitor",
                        "Let the upgrade go on with pgaf-upgrade run on every node; else restore from the backup.");
        }
    }
    if (store::has_later_run(run.id())) {
        throw Error(code::kNotInStateFor, "another run came after " + run_name(run.id()),
                    "SELECT * FROM pgaf_upgrade_history() shows them.");
    }
}

// The other groups of a run are not taken out of their switch because that of one has failed.
void refuse_beside_other_switch(const Run &run, std::int64_t nodeid) {
    for (const auto &node : run.plan.nodes) {
        if (node.role == Role::Primary && node.nodeid != nodeid &&
            store::attempts(run.id(), node.nodeid, steps::kStop) > 0) {
            throw Error(code::kNotInStateFor,
                        group_name(node.formation, node.group) + " of " + run_name(run.id()) +
                            " has begun its switch, and is not rolled back with another group",
                        "Remove the cause of the failure, and run pgaf-upgrade run on the node again.");
        }
    }
}

bool is_rolled_back(const Run &run) {
    return run.plan.state == RunState::RollingBack || run.plan.state == RunState::Aborted;
}

// New data is the operator's to give up. A helper may ask for it, but whoever may log in as autoctl_node can do so: the
// run stays as it is until the operator calls pgaf_upgrade_rollback(). The monitor's own helper is the operator's.
bool is_only_asked_for(const Run &run, const Wish &wish) {
    const bool would_lose =
        std::ranges::any_of(run.plan.nodes, [&](const NodePlan &node) { return may_be_started(run, node, wish); });
    return wish.discard_new_data && would_lose && !store::session_is_owner();
}

Outcome roll_back(Run &run, const Wish &wish) {
    if (!is_rolled_back(run)) {
        refuse_after_start(run, wish);
        if (run.plan.state == RunState::Finished && !wish.discard_new_data) {
            refuse_ended(run);
        }
        if (wish.discard_new_data) {
            store::set_discards_new_data(run.id());
            store::record_event(run.id(), std::nullopt, "", "discard", "begun", wish.reason);
        }
        store::set_give_back_reason(run.id(), wish.gives_back ? Text(wish.reason) : Text());
        change_run(run, RunState::RollingBack, wish.reason);
        for (const auto &node : run.plan.nodes) {
            if (is_touched(run, node)) {
                store::insert_rollback(run.id(), node.nodeid);
            }
        }
        if (store::nodes_to_roll_back(run.id()).empty()) {
            change_run(run, RunState::Aborted, wish.reason);
        }
    }
    return {std::string(to_string(run.plan.state)), {}};
}

// Every node is as it was.
void end_rollback(Run &run) {
    if (!run.row.give_back_reason) {
        change_run(run, RunState::Aborted, std::string("rolled back"));
        return;
    }
    store::begin_again(run.id());
    store::set_not_approved(run.id());
    change_run(run, RunState::Preparing, "the old cluster was given back: " + *run.row.give_back_reason);
}

}  // namespace

Outcome pgaf_upgrade_rollback(const Arguments &arguments) {
    auto run = lock_run(arguments.required_integer(0, "run"));
    if (run.plan.state == RunState::RollingBack && run.row.give_back_reason) {
        store::set_give_back_reason(run.id(), std::nullopt);  // the operator has it end
    }
    return roll_back(run, {arguments.required_words(1, "reason", kSayWhy),
                           arguments.required_boolean(2, "discard_new_data"), std::nullopt, false});
}

Outcome pgaf_upgrade_request_rollback(const Arguments &arguments) {
    auto caller = caller_of(arguments);
    const auto reason = claims::require_text("reason", arguments.required_words(1, "reason", kSayWhy));
    Wish wish{reason.value_or(""), arguments.required_boolean(2, "discard_new_data"), std::nullopt,
              arguments.required_boolean(4, "gives_back")};
    if (arguments.required_boolean(3, "not_started")) {
        wish.not_started_on = caller.nodeid;
    }
    if (wish.gives_back && !is_rolled_back(caller.run)) {
        refuse_beside_other_switch(caller.run, caller.nodeid);
    }
    if (!is_rolled_back(caller.run) && is_only_asked_for(caller.run, wish)) {
        refuse_after_start(caller.run, wish);
        if (!store::was_recorded(caller.run.id(), caller.nodeid, "discard", "asked for")) {
            store::record_event(caller.run.id(), caller.nodeid, "", "discard", "asked for", wish.reason);
        }
        return caller.run_state();
    }
    return roll_back(caller.run, wish);
}

Outcome pgaf_upgrade_finish_rollback(const Arguments &arguments) {
    auto caller = caller_of(arguments);
    auto &run = caller.run;
    const auto &result = arguments.text(1);
    if (result) {
        claims::require_rollback_result(*result);
    }
    if (run.plan.state == RunState::RollingBack) {
        if (store::set_rolled_back(run.id(), caller.nodeid, result)) {
            store::end_maintenance_of_run(run.id(), caller.nodeid, "rollback");
            store::record_event(run.id(), caller.nodeid, "", "rolled back", "",
                                store::result_value(result, "discarded"));
        }
        if (store::nodes_to_roll_back(run.id()).empty()) {
            end_rollback(run);
        }
    }
    return caller.run_state();
}

}  // namespace pgaf::functions
