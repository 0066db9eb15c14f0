#include <algorithm>

#include "core/errors.hpp"
#include "core/plan.hpp"
#include "src/functions.hpp"
#include "src/node_argument.hpp"
#include "src/planning.hpp"
#include "src/run.hpp"
#include "src/store.hpp"
#include "src/text.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::functions {

namespace {

std::vector<std::string> missing_preparations(const Run &run) {
    std::vector<std::string> missing;
    for (const auto &node : run.plan.nodes) {
        for (const auto *step : steps_of(node.role)) {
            const auto state = state_of(node, *step);
            if (step->phase == Phase::Prepare && state != StepState::Done) {
                missing.push_back(std::string(step->name) + " of " + node.name + " is " +
                                  std::string(to_string(state)));
                break;
            }
        }
    }
    return missing;
}

void require_passed_checks(std::int64_t runid) {
    const auto failed = store::checks_in_the_way(runid);
    if (failed.empty()) {
        return;
    }
    std::vector<std::string> lines;
    for (const auto &check : failed) {
        lines.push_back(check.check_name + " on " + check.node + (check.remedy.empty() ? "" : ": " + check.remedy));
    }
    throw Error(code::kClusterNotReady,
                run_name(runid) + " has " + std::to_string(failed.size()) +
                    (failed.size() == 1 ? " check that has not passed" : " checks that have not passed"),
                "Remedy what they found and let the helpers check again, or take the responsibility with "
                "pgaf_upgrade_waive_check().",
                joined(lines, "\n"));
}

std::int64_t only_active_run() {
    const auto active = store::active_runs();
    if (active.empty()) {
        throw Error(code::kNoSuchRun, "there is no active run", "Start one with pgaf_upgrade_start().");
    }
    if (active.size() > 1) {
        std::vector<std::string> names;
        for (const auto runid : active) {
            names.push_back(std::to_string(runid));
        }
        throw Error(code::kBadArgument, "several runs are active: " + joined(names), "Say which one.");
    }
    return active.front();
}

}  // namespace

Outcome pgaf_upgrade_start(const Arguments &arguments) {
    const auto planned = plan_run(arguments, true);
    const auto &request = planned.request;
    const auto runid = store::insert_run(request.formation, request.groups, request.include_monitor,
                                         request.source_version, request.target_version, request.method,
                                         request.standby_method, request.note, request.on_failure);
    for (const auto &node : planned.nodes) {
        store::insert_node(runid, node.plan, node.host, node.port, node.known ? &*node.known : nullptr,
                           node.sysidentifier);
        int ordinal = 0;
        for (const auto *step : steps_of(node.plan.role)) {
            store::insert_step(runid, node.plan.nodeid, ++ordinal, *step);
        }
    }
    store::record_event(runid, std::nullopt, "", "run", to_string(RunState::Preparing), request.note);
    return {std::to_string(runid), {}};
}

Outcome pgaf_upgrade_plan(const Arguments &arguments) {
    const auto planned = plan_run(arguments, false);
    std::vector<NodePlan> nodes;
    nodes.reserve(planned.nodes.size());
    for (const auto &node : planned.nodes) {
        nodes.push_back(node.plan);
    }
    Outcome outcome;
    for (const auto &[place, step, stage] : order_of_steps(nodes)) {
        const auto &node = nodes[place];
        const auto waiting = waits_for(node, *step);
        outcome.rows.push_back({std::to_string(outcome.rows.size() + 1), std::to_string(stage), node.name,
                                node.role == Role::Monitor ? Text() : node.formation,
                                node.role == Role::Monitor ? Text() : std::to_string(node.group),
                                std::string(to_string(node.role)), std::string(to_string(step->phase)),
                                std::string(step->name), std::string(step->title), std::string(step->guide),
                                waiting.empty() ? Text() : waiting, refuses_writes(*step) ? "t" : "f"});
    }
    return outcome;
}

Outcome pgaf_upgrade_approve(const Arguments &arguments) {
    const auto given = arguments.integer(0);
    const auto &not_before = arguments.text(1);
    auto run = lock_run(given ? *given : only_active_run());

    switch (run.plan.state) {
        case RunState::Preparing: {
            // A failed check is the reason more often than not: name it before the step that waits for it.
            require_passed_checks(run.id());
            throw Error(code::kNotInStateFor,
                        run_name(run.id()) + " is still preparing: " + joined(missing_preparations(run)),
                        "SELECT waiting_for FROM pgaf_upgrade_status(" + std::to_string(run.id()) +
                            ") tells what it waits for.");
        }
        case RunState::Ready:
            break;
        case RunState::Approved:
            if (!store::same_time(run.row.not_before, not_before)) {
                store::set_approved(run.id(), not_before);
                store::record_event(run.id(), std::nullopt, "", "approval", to_string(run.plan.state),
                                    not_before ? "not before " + *not_before : "at once");
            }
            return {std::string(to_string(run.plan.state)), {}};
        case RunState::Switching:
        case RunState::Restoring:
            return {std::string(to_string(run.plan.state)), {}};
        case RunState::RollingBack:
            throw Error(code::kNotInStateFor, run_name(run.id()) + " is rolled back",
                        "Start another one with pgaf_upgrade_start() when every node is as it was.");
        case RunState::Finished:
        case RunState::Aborted:
            refuse_ended(run);
    }

    require_passed_checks(run.id());
    for (const auto &node : run.plan.nodes) {
        if (node.role == Role::Primary) {
            require_same_roles(run, node.formation, node.group, true, std::nullopt);
        }
    }
    store::set_approved(run.id(), not_before);
    change_run(run, RunState::Approved, not_before ? Text("not before " + *not_before) : std::nullopt);
    return {std::string(to_string(run.plan.state)), {}};
}

Outcome pgaf_upgrade_release(const Arguments &arguments) {
    const auto given = arguments.integer(0);
    const auto run = lock_run(given ? *given : only_active_run());
    if (run.has_ended()) {
        refuse_ended(run);
    }
    const auto kept = store::kept_node(run.id());
    if (!kept) {
        throw Error(code::kNotInStateFor, run_name(run.id()) + " keeps no standby at the old version",
                    "One is named at the start: pgaf_upgrade_start(version, keep_old_standby => 'node').");
    }
    if (store::release_node(run.id(), kept->nodeid)) {
        store::record_event(run.id(), kept->nodeid, "", "released", "", std::nullopt);
    }
    return {kept->name, {}};
}

namespace {

std::string instead_of_abort(const Run &run) {
    if (run.has_ended()) {
        return "SELECT * FROM pgaf_upgrade_history() shows how every run has ended.";
    }
    if (run.plan.state == RunState::RollingBack) {
        return "It is aborted when every node is as it was: pgaf-upgrade run on each.";
    }
    return "Remove the cause of what failed and let it go on with pgaf_upgrade_retry().";
}

}  // namespace

Outcome pgaf_upgrade_abort(const Arguments &arguments) {
    auto run = lock_run(arguments.required_integer(0, "run"));
    const auto &reason = arguments.required_words(1, "reason", kSayWhy);
    if (run.plan.state == RunState::Aborted) {
        return {std::string(to_string(run.plan.state)), {}};
    }
    if (!is_before_switch(run.plan.state)) {
        throw Error(
            code::kNotInStateFor,
            run_name(run.id()) + " is " + std::string(to_string(run.plan.state)) + " and can no longer be aborted",
            instead_of_abort(run));
    }
    change_run(run, RunState::Aborted, reason);
    return {std::string(to_string(run.plan.state)), {}};
}

Outcome pgaf_upgrade_retry(const Arguments &arguments) {
    auto run = lock_run(arguments.required_integer(0, "run"));
    const auto &name = arguments.text(1);
    if (run.has_ended()) {
        refuse_ended(run);
    }
    if (name && std::ranges::find(step_definitions(), *name, &StepDefinition::name) == step_definitions().end()) {
        throw Error(code::kUnknownObject, "there is no step \"" + *name + "\"",
                    "SELECT * FROM pgaf_upgrade_steps() lists the steps.");
    }
    int retried = 0;
    for (auto &node : run.plan.nodes) {
        for (const auto *step : steps_of(node.role)) {
            if ((!name || step->name == *name) && state_of(node, *step) == StepState::Failed) {
                StepChange change;
                change.kind = "retried";
                change.message = arguments.text(2);
                change_step(run, node, *step, StepState::Pending, change);
                ++retried;
            }
        }
    }
    return {std::to_string(retried), {}};
}

Outcome pgaf_upgrade_waive_check(const Arguments &arguments) {
    const auto run = lock_run(arguments.required_integer(0, "run"));
    const auto &text = arguments.required(1, "node");
    const auto &check_name = arguments.required(2, "check_name");
    const auto &reason = arguments.required_words(3, "reason", kSayWhy);
    // a node looks at its files once more when the switch has begun, and stops before its server does
    if (!is_before_switch(run.plan.state) && run.plan.state != RunState::Switching) {
        throw Error(code::kNotInStateFor,
                    run_name(run.id()) + " is " + std::string(to_string(run.plan.state)) +
                        ": its checks no longer stand in the way of anything",
                    "SELECT * FROM pgaf_upgrade_status(" + std::to_string(run.id()) + ") tells what it waits for.");
    }
    const auto id = std::to_string(run.id());
    const auto node = require_node(named(run.plan), text, "SELECT * FROM pgaf_upgrade_progress(" + id + ")");
    const auto check = store::check_result(run.id(), node.nodeid, check_name);
    if (!check) {
        throw Error(code::kUnknownObject,
                    run_name(run.id()) + " has no result of a check \"" + check_name + "\" on " + node.name,
                    "SELECT * FROM pgaf_upgrade_checks(" + id + ") lists them.");
    }
    if (check->passed) {
        throw Error(code::kNotInStateFor, "check " + check_name + " has passed on " + node.name,
                    "There is nothing to waive; SELECT * FROM pgaf_upgrade_checks(" + id + ") lists what failed.");
    }
    if (check->data_loss) {
        throw Error(code::kNotAllowed,
                    "check " + check_name + " on " + node.name + " means that data would be lost, and cannot be waived",
                    check->remedy.value_or("Remedy what it found and let the helper check again."));
    }
    store::waive_check(run.id(), node.nodeid, check_name, reason);
    store::record_event(run.id(), node.nodeid, "", "waived", "", check_name + ": " + reason);
    return {};
}

Outcome pgaf_upgrade_acknowledge(const Arguments &arguments) {
    const auto run = lock_run(arguments.required_integer(0, "run"));
    const auto &note = arguments.required_words(1, "note", kSayWhy);
    const auto steps = store::acknowledge_warnings(run.id(), note);
    if (steps.empty()) {
        throw Error(code::kNotInStateFor, run_name(run.id()) + " has no open warnings",
                    "SELECT * FROM pgaf_upgrade_progress(" + std::to_string(run.id()) +
                        ") WHERE warnings IS NOT NULL shows those that were acknowledged.");
    }
    int number = 0;
    for (const auto &step : steps) {
        store::record_event(run.id(), step.nodeid, step.step, "acknowledged", to_string(StepState::Done), note);
        number += step.number;
    }
    return {std::to_string(number), {}};
}

}  // namespace pgaf::functions
