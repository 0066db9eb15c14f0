#include <algorithm>

#include "core/claims.hpp"
#include "core/errors.hpp"
#include "core/reports.hpp"
#include "core/version.hpp"
#include "src/caller.hpp"
#include "src/functions.hpp"
#include "src/run.hpp"
#include "src/store.hpp"
#include "src/store_hba.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::functions {

namespace {

std::string step_of_node(const StepDefinition &step, const NodePlan &node) {
    return "step " + std::string(step.name) + " of " + node.name;
}

bool is_first_after_gate(const NodePlan &node, const StepDefinition &step) {
    const auto steps = steps_of(node.role);
    const auto first = std::ranges::find(steps, Phase::Switch, [](const auto *other) { return other->phase; });
    return first != steps.end() && *first == &step;
}

void require_due(const Run &run, const NodePlan &node, const StepDefinition &step) {
    if (run.has_ended()) {
        refuse_ended(run);
    }
    if (const auto unmet = unmet_requirement(run.plan, node, step)) {
        throw Error(code::kStepNotDue, step_of_node(step, node) + " is not due: it waits for " + unmet->what,
                    "Ask pgaf_upgrade_next_step() which step is due.");
    }
    if (is_first_after_gate(node, step)) {
        require_same_roles(run, node.formation, node.group, false, node.nodeid);
    }
}

void attach_to(Run &run, NodePlan &node, const std::string &token, const std::string &host,
               const std::string &helper_version, bool retry_failed, bool resumed) {
    const auto lease = store::lease(run.id(), node.nodeid, token);
    if (lease.held_by_other) {
        throw Error(code::kLeaseHeld, "another helper works for " + node.name + ", on host " + lease.host,
                    "End it, or wait until it has been silent for " + std::to_string(store::kLeaseSeconds) +
                        " seconds (it was heard " + std::to_string(lease.silent_seconds) + " seconds ago).");
    }
    if (store::take_lease(run.id(), node.nodeid, token, host, helper_version)) {
        const auto helper = "helper " + helper_version + " on " + host;
        if (lease.was_held) {
            store::record_event(run.id(), node.nodeid, "", "taken over", "",
                                helper + ", from the one on " + lease.host + " (" + lease.user + ", " + lease.address +
                                    "), silent for " + std::to_string(lease.silent_seconds) + " s");
        } else {
            store::record_event(run.id(), node.nodeid, "", "attached", "", helper);
        }
    }
    for (const auto *step : steps_of(node.role)) {
        const auto state = state_of(node, *step);
        StepChange change;
        if (state == StepState::Running && !resumed) {
            change.kind = "interrupted";
            change.message = "the helper that began it is gone";
            change_step(run, node, *step, StepState::Pending, change);
        } else if (state == StepState::Failed && retry_failed) {
            change.kind = "retried";
            change_step(run, node, *step, StepState::Pending, change);
        }
    }
}

}  // namespace

Outcome pgaf_upgrade_attach(const Arguments &arguments) {
    const auto nodeid = arguments.required_integer(0, "nodeid");
    const auto &token = arguments.required(1, "token");
    const auto &helper_version = arguments.required(2, "helper_version");
    const auto &host = arguments.required(3, "host");
    const bool retry_failed = arguments.required_boolean(4, "retry_failed");
    const bool resumed = arguments.required_boolean(5, "resumed");
    claims::require_name("helper_version", helper_version);
    claims::require_name("host", host);

    if (helper_version != kVersion) {
        throw Error(
            code::kVersionsDiffer,
            "the helper is of version " + helper_version + ", the extension pgaf_upgrade on the monitor of " + kVersion,
            "Install the same version of pgaf-upgrade on every node and on the monitor.");
    }
    if (nodeid == 0 && !store::session_is_owner()) {
        throw Error(code::kNotAllowed, "the monitor's own helper must connect as the owner of the extension",
                    "Run pgaf-upgrade on the monitor as the owner of its PGDATA.");
    }
    if (nodeid != 0 && !store::is_known_node(nodeid)) {
        throw Error(code::kUnknownObject, "the monitor knows no node " + std::to_string(nodeid),
                    "Compare pg_autoctl show state with the node's own state file: is this the right monitor?");
    }
    const auto runid = store::active_run_of_node(nodeid);
    if (!runid) {
        return {};
    }
    auto run = lock_run(*runid);
    if (run.has_ended()) {
        return {};
    }
    attach_to(run, run.node(nodeid), token, host, helper_version, retry_failed, resumed);
    return {store::assignment(run.id(), nodeid), {}};
}

Outcome pgaf_upgrade_next_step(const Arguments &arguments) {
    auto caller = caller_of(arguments);
    const auto &run = caller.run;

    Text step;
    Text attempt;
    Text waiting_for;
    WaitReason reason = WaitReason::Nothing;
    if (run.plan.state == RunState::RollingBack) {
        // The monitor goes back first: its old cluster is the one that the old nodes report to.
        const auto nodes = store::nodes_to_roll_back(run.id());
        const bool is_turn = std::ranges::find(nodes, caller.nodeid, &store::NodeName::nodeid) != nodes.end() &&
                             (nodes.front().nodeid == 0) == (caller.nodeid == 0);
        if (is_turn) {
            step = std::string(steps::kRollback);
        } else if (!nodes.empty()) {
            waiting_for = "the rollback of " + nodes.front().name;
            reason = WaitReason::RollbackOf;
        }
    } else if (const auto next = next_step(run.plan, caller.node()); next.step != nullptr) {
        step = std::string(next.step->name);
        attempt = std::to_string(store::attempts(run.id(), caller.nodeid, next.step->name) + 1);
    } else {
        reason = next.wait.reason;
        waiting_for = reason == WaitReason::Nothing ? Text() : Text(next.wait.what);
    }
    return {std::nullopt,
            {{std::to_string(run.id()), std::string(to_string(run.plan.state)), step, attempt, waiting_for,
              step ? Text() : Text(to_string(reason))}}};
}

Outcome pgaf_upgrade_begin_step(const Arguments &arguments) {
    auto caller = caller_of(arguments);
    auto &node = caller.node();
    const auto &step = require_step(node, arguments.required(1, "step"));

    switch (state_of(node, step)) {
        case StepState::Running:
            return {std::to_string(store::keep_running(caller.run.id(), node.nodeid, step.name, caller.token)), {}};
        case StepState::Done:
            throw Error(code::kNotInStateFor, step_of_node(step, node) + " is done already",
                        "Ask pgaf_upgrade_next_step() which step is due.");
        case StepState::Failed:
            throw Error(code::kStepNotDue, step_of_node(step, node) + " has failed",
                        "Attach with retry_failed, or let the operator call pgaf_upgrade_retry().");
        case StepState::Pending:
            break;
    }
    require_due(caller.run, node, step);
    StepChange change;
    change.token = caller.token;
    return {std::to_string(change_step(caller.run, node, step, StepState::Running, change)), {}};
}

Outcome pgaf_upgrade_heartbeat(const Arguments &arguments) {
    auto caller = caller_of(arguments);
    const auto progress = claims::require_text("progress", arguments.text(2));
    if (const auto &name = arguments.text(1)) {
        const auto &step = require_step(caller.node(), *name);
        store::set_progress(caller.run.id(), caller.nodeid, step.name, progress);
    }
    return caller.run_state();
}

Outcome pgaf_upgrade_finish_step(const Arguments &arguments) {
    auto caller = caller_of(arguments);
    auto &node = caller.node();
    const auto &step = require_step(node, arguments.required(1, "step"));
    const auto &result = arguments.text(2);
    if (result) {
        claims::require_result(step.name, *result);
    }
    const auto state = state_of(node, step);

    // Done already: the answer to the first call was lost. Ended: aborted while the helper was at it.
    if (state == StepState::Done || caller.run.has_ended()) {
        return caller.run_state();
    }
    if (state != StepState::Running) {
        throw Error(code::kStepNotDue,
                    step_of_node(step, node) + " is " + std::string(to_string(state)) + ": it was not begun",
                    "Call pgaf_upgrade_begin_step() before the work, with the same token.");
    }
    StepChange change;
    change.result = result;
    change_step(caller.run, node, step, StepState::Done, change);
    return caller.run_state();
}

namespace {

// The gate closes again: what was approved is no longer what would be done.
void take_back_preparation(Run &run, NodePlan &node, const StepDefinition &step, const StepChange &failure) {
    if (run.plan.state != RunState::Preparing) {
        store::set_not_approved(run.id());
        run.plan.gate_open = false;
        change_run(run, RunState::Preparing, std::string(step.name) + " of " + node.name + " no longer holds");
    }
    change_step(run, node, step, StepState::Failed, failure);
    bool is_later = false;
    for (const auto *other : steps_of(node.role)) {
        if (is_later && state_of(node, *other) == StepState::Done) {
            StepChange change;
            change.message = std::string(step.name) + " no longer holds";
            change_step(run, node, *other, StepState::Pending, change);
        }
        is_later = is_later || other == &step;
    }
}

}  // namespace

Outcome pgaf_upgrade_fail_step(const Arguments &arguments) {
    auto caller = caller_of(arguments);
    auto &node = caller.node();
    const auto &step = require_step(node, arguments.required(1, "step"));
    StepChange change;
    change.error = claims::require_text("message", arguments.required(2, "message"));
    change.hint = claims::require_text("hint", arguments.text(3));
    change.detail = claims::require_text("detail", arguments.text(4));
    const auto state = state_of(node, step);

    if (state == StepState::Failed || caller.run.has_ended()) {
        return caller.run_state();
    }
    if (state == StepState::Done && step.phase == Phase::Prepare && is_before_switch(caller.run.plan.state)) {
        take_back_preparation(caller.run, node, step, change);
        return caller.run_state();
    }
    if (state != StepState::Running) {
        throw Error(code::kStepNotDue,
                    step_of_node(step, node) + " is " + std::string(to_string(state)) + ": it was not begun",
                    "Call pgaf_upgrade_begin_step() before the work, with the same token.");
    }
    change_step(caller.run, node, step, StepState::Failed, change);
    return caller.run_state();
}

Outcome pgaf_upgrade_report_check(const Arguments &arguments) {
    auto caller = caller_of(arguments);
    const auto &check_name = arguments.required(1, "check_name");
    const auto &severity = arguments.required(2, "severity");
    const bool passed = arguments.required_boolean(3, "passed");
    const bool data_loss = arguments.required_boolean(7, "data_loss");
    claims::require_check(check_name, severity, data_loss);
    const auto found = claims::require_text("found", arguments.text(4));
    const bool is_new = store::record_check(caller.run.id(), caller.nodeid, check_name, severity, passed, found,
                                            claims::require_text("meaning", arguments.text(5)),
                                            claims::require_text("remedy", arguments.text(6)), data_loss,
                                            claims::require_text("detail", arguments.text(8)));
    if (!passed && is_new) {
        store::record_event(caller.run.id(), caller.nodeid, "", "check", "",
                            check_name + " (" + severity + ")" + (found ? ": " + *found : std::string()));
    }
    return {};
}

Outcome pgaf_upgrade_report_software(const Arguments &arguments) {
    const auto caller = caller_of(arguments);
    const auto &json = arguments.required(1, "software");
    claims::require_software(json);
    store::set_software(caller.run.id(), caller.nodeid, json);
    return {};
}

Outcome pgaf_upgrade_sync_journal(const Arguments &arguments) {
    auto caller = caller_of(arguments);
    auto &node = caller.node();
    const auto &json = arguments.required(1, "entries");
    claims::require_journal(json);

    int taken = 0;
    for (const auto &entry : store::journal_entries(json)) {
        const auto &step = require_step(node, entry.step);
        const auto to = entry.has_failed ? StepState::Failed : StepState::Done;
        const auto from = state_of(node, step);
        const bool is_known = from == StepState::Done ||
                              (from == StepState::Failed && to == StepState::Failed &&
                               store::has_finished_at(caller.run.id(), node.nodeid, step.name, entry.finished_at));
        if (is_known || caller.run.has_ended()) {
            continue;
        }

        StepChange change;
        change.token = caller.token;
        change.message = "from the node's journal";
        if (from == StepState::Failed) {
            change_step(caller.run, node, step, StepState::Pending, change);
        }
        if (from != StepState::Running) {
            require_due(caller.run, node, step);
            change.at = entry.started_at ? entry.started_at : entry.finished_at;
            change_step(caller.run, node, step, StepState::Running, change);
        }
        change.at = entry.finished_at;
        change.result = entry.result;
        change.error = claims::require_text("error", entry.error);
        change.hint = claims::require_text("hint", entry.hint);
        change_step(caller.run, node, step, to, change);
        ++taken;
    }
    return {std::to_string(taken), {}};
}

Outcome pgaf_upgrade_report_hba(const Arguments &arguments) {
    const auto caller = caller_of(arguments);
    const auto &moment = arguments.required(1, "moment");
    const auto &json = arguments.required(2, "connections");
    if (moment != "before" && moment != "after") {
        throw Error(code::kBadReport, "\"" + moment + "\" is not a moment of an upgrade", "Use before or after.");
    }
    claims::require_hba(json);
    if (caller.run.has_ended()) {
        throw Error(code::kNotInStateFor,
                    run_name(caller.run.id()) + " is " + std::string(to_string(caller.run.plan.state)) + " already",
                    "Nothing was recorded: see the file itself, or start another run.");
    }
    return {std::to_string(store::replace_hba_report(caller.run.id(), caller.nodeid, moment, json)), {}};
}

}  // namespace pgaf::functions
