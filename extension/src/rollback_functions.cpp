#include <algorithm>

#include "core/errors.hpp"
#include "src/caller.hpp"
#include "src/functions.hpp"
#include "src/run.hpp"
#include "src/store.hpp"
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

// From the first start of the new cluster on, the old one, which shares its files, must not be started.
void refuse_after_start(const Run &run) {
    for (const auto &node : run.plan.nodes) {
        if (node.role == Role::Primary && store::attempts(run.id(), node.nodeid, "start") > 0) {
            throw Error(
                code::kNotInStateFor,
                run_name(run.id()) + " can no longer be rolled back: PostgreSQL " +
                    std::to_string(run.row.target_version) + " has been started on " + node.name,
                "Its files are those of the old cluster. Remove the cause of what failed and let the upgrade go "
                "on with pgaf-upgrade run on every node; else restore from the backup.");
        }
    }
}

Outcome roll_back(Run &run, const std::string &reason) {
    if (run.plan.state == RunState::Finished) {
        refuse_ended(run);
    }
    if (run.plan.state != RunState::RollingBack && run.plan.state != RunState::Aborted) {
        refuse_after_start(run);
        change_run(run, RunState::RollingBack, reason);
        for (const auto &node : run.plan.nodes) {
            if (is_touched(run, node)) {
                store::insert_rollback(run.id(), node.nodeid);
            }
        }
        if (store::nodes_to_roll_back(run.id()).empty()) {
            change_run(run, RunState::Aborted, reason);
        }
    }
    return {std::string(to_string(run.plan.state)), {}};
}

}  // namespace

Outcome pgaf_upgrade_rollback(const Arguments &arguments) {
    auto run = lock_run(arguments.required_integer(0, "run"));
    return roll_back(run, arguments.required_words(1, "reason", kSayWhy));
}

Outcome pgaf_upgrade_request_rollback(const Arguments &arguments) {
    auto caller = caller_of(arguments);
    return roll_back(caller.run, arguments.required_words(1, "reason", kSayWhy));
}

Outcome pgaf_upgrade_finish_rollback(const Arguments &arguments) {
    auto caller = caller_of(arguments);
    auto &run = caller.run;
    if (run.plan.state == RunState::RollingBack) {
        if (store::set_rolled_back(run.id(), caller.nodeid, arguments.text(1))) {
            store::end_maintenance_of_run(run.id(), caller.nodeid, "rollback");
            store::record_event(run.id(), caller.nodeid, "", "rolled back", "", std::nullopt);
        }
        if (store::nodes_to_roll_back(run.id()).empty()) {
            change_run(run, RunState::Aborted, std::string("rolled back"));
        }
    }
    return caller.run_state();
}

}  // namespace pgaf::functions
