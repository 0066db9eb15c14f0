#include "src/run.hpp"

#include <algorithm>

#include "core/errors.hpp"
#include "core/monitor_states.hpp"
#include "core/sysidentifier.hpp"
#include "src/store_maintenance.hpp"
#include "src/sysidentifier.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf {

namespace {

Run load(store::RunRow row) {
    Run run;
    run.row = std::move(row);
    run.plan.state = run.row.state;
    run.plan.gate_open = gate_is_open(run.row.state, run.row.time_has_come);
    std::vector<std::vector<std::string>> names;
    run.plan.nodes = store::plan_nodes(run.row.runid, names);
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto steps = steps_of(run.plan.nodes[i].role);
        if (!std::ranges::equal(steps, names[i], {}, [](const auto *step) { return step->name; })) {
            throw Error(code::kVersionsDiffer,
                        run_name(run.id()) + " was started with other steps than this library has",
                        "End it with the version of pgaf_upgrade that it was started with.");
        }
    }
    return run;
}

std::optional<Run> find_run(std::int64_t runid, bool for_update) {
    auto row = store::run(runid, for_update);
    if (!row) {
        return std::nullopt;
    }
    return load(std::move(*row));
}

Run require_run(std::int64_t runid, bool for_update) {
    auto run = find_run(runid, for_update);
    if (!run) {
        throw Error(code::kNoSuchRun, "there is no " + run_name(runid),
                    "SELECT * FROM pgaf_upgrade_status() shows the newest run.");
    }
    return std::move(*run);
}

std::optional<std::int64_t> sysidentifier_in(const Text &result, const char *key) {
    const auto text = store::result_value(result, key);
    if (!text) {
        return std::nullopt;
    }
    const auto value = parse_sysidentifier(*text);
    if (!value || *value == 0) {
        throw Error(code::kSystemIdentifier, "\"" + *text + "\" is not a system identifier",
                    "Give " + std::string(key) + " as decimal text, as pg_controldata prints it.");
    }
    return to_bigint(*value);
}

// What a step's result means to the run itself, beyond being kept with the step.
void take_result(Run &run, const NodePlan &node, const StepDefinition &step, const Text &result) {
    if (result && node.role != Role::Secondary && (step.phase == Phase::Prepare || step.phase == Phase::Switch)) {
        const auto before = sysidentifier_in(result, "old_sysidentifier");
        const auto after = sysidentifier_in(result, "new_sysidentifier");
        if (after) {
            // Now, while nothing has been stopped, and not first when it is to be written.
            require_possible_sysidentifier(run.id(), node.formation, node.group, from_bigint(*after));
        }
        if (before || after) {
            store::set_sysidentifiers(run.id(), node.nodeid, before, after);
        }
    }
    if (result && step.name == steps::kDiscover) {
        if (const auto text = store::result_value(result, "source_version")) {
            const auto parsed = parse_sysidentifier(*text);
            if (!parsed || *parsed > 1000) {
                throw Error(code::kBadReport, "\"" + *text + "\" is not a major version of PostgreSQL",
                            "Give source_version as a whole number, such as 15.");
            }
            const auto version = static_cast<int>(*parsed);
            if (version >= run.row.target_version) {
                throw Error(code::kClusterNotReady,
                            node.name + " runs PostgreSQL " + std::to_string(version) +
                                ", which is not below the target " + std::to_string(run.row.target_version),
                            "Abort the run and start one with a higher target_version, or without this group.");
            }
            if (run.row.source_version && *run.row.source_version != version) {
                throw Error(code::kClusterNotReady,
                            node.name + " runs PostgreSQL " + std::to_string(version) + ", but the run is from " +
                                std::to_string(*run.row.source_version),
                            "Abort the run and upgrade groups of different versions in runs of their own.");
            }
            if (!run.row.source_version) {
                store::set_source_version(run.id(), version);
                run.row.source_version = version;
            }
        }
    }
    if (node.role == Role::Secondary && step.name == steps::kEnterMaintenance) {
        store::begin_maintenance_of_run(run.id(), node.nodeid);
    }
    if (node.role == Role::Secondary && step.name == steps::kRejoin) {
        store::end_maintenance_of_run(run.id(), node.nodeid, "upgrade");
    }
}

}  // namespace

std::string group_name(const std::string &formation, int group) {
    return formation.empty() ? "the monitor" : "group " + std::to_string(group) + " of formation " + formation;
}

std::string run_name(std::int64_t runid) {
    return "run " + std::to_string(runid);
}

NodePlan &Run::node(std::int64_t nodeid) {
    const auto found = std::ranges::find(plan.nodes, nodeid, &NodePlan::nodeid);
    if (found == plan.nodes.end()) {
        throw Error(code::kUnknownObject, run_name(id()) + " has no node " + std::to_string(nodeid),
                    "SELECT * FROM pgaf_upgrade_progress(" + std::to_string(id()) + ") shows its nodes.");
    }
    return *found;
}

void refuse_ended(const Run &run) {
    throw Error(code::kNotInStateFor, run_name(run.id()) + " is " + std::string(to_string(run.plan.state)) + " already",
                "Start another one with pgaf_upgrade_start().");
}

Run lock_run(std::int64_t runid) {
    return require_run(runid, true);
}

Run read_run(std::int64_t runid) {
    return require_run(runid, false);
}

const StepDefinition &require_step(const NodePlan &node, std::string_view name) {
    const auto *step = find_step(node.role, name);
    if (step == nullptr) {
        throw Error(code::kUnknownObject,
                    "a " + std::string(to_string(node.role)) + " has no step \"" + std::string(name) + "\"",
                    "SELECT * FROM pgaf_upgrade_steps() lists the steps.");
    }
    return *step;
}

StepState state_of(const NodePlan &node, const StepDefinition &step) {
    const auto steps = steps_of(node.role);
    const auto found = std::ranges::find(steps, &step);
    return node.states.at(static_cast<std::size_t>(found - steps.begin()));
}

void change_run(Run &run, RunState to, const Text &message) {
    if (!is_legal(run.plan.state, to)) {
        throw Error(code::kNotInStateFor,
                    run_name(run.id()) + " is " + std::string(to_string(run.plan.state)) + " and cannot become " +
                        std::string(to_string(to)),
                    "SELECT * FROM pgaf_upgrade_status(" + std::to_string(run.id()) + ") tells what it waits for.");
    }
    store::set_run_state(run.id(), to);
    run.plan.state = to;
    run.row.state = to;
    if (has_ended(to)) {
        store::set_ended(run.id(), message);
    }
    store::record_event(run.id(), std::nullopt, "", "run", to_string(to), message);
}

int change_step(Run &run, NodePlan &node, const StepDefinition &step, StepState to, const StepChange &change) {
    const auto from = state_of(node, step);
    if (!is_legal(from, to)) {
        throw Error(
            code::kNotInStateFor,
            "step " + std::string(step.name) + " of " + node.name + " is " + std::string(to_string(from)) +
                " and cannot become " + std::string(to_string(to)),
            "SELECT * FROM pgaf_upgrade_status(" + std::to_string(run.id()) + ") tells what the run waits for.");
    }
    int attempt = 0;
    Text message = change.message;
    switch (to) {
        case StepState::Running:
            attempt = store::set_running(run.id(), node.nodeid, step.name, change.token, change.at);
            break;
        case StepState::Done:
            store::set_done(run.id(), node.nodeid, step.name, change.at, change.result);
            take_result(run, node, step, change.result);
            if (const auto warnings = store::warnings_in_words(change.result)) {
                message = "with warnings: " + *warnings;
            }
            break;
        case StepState::Failed:
            store::set_failed(run.id(), node.nodeid, step.name, change.at, change.error, change.hint, change.detail);
            message = change.error;
            break;
        case StepState::Pending:
            store::set_pending(run.id(), node.nodeid, step.name);
            break;
    }
    const auto steps = steps_of(node.role);
    node.states.at(static_cast<std::size_t>(std::ranges::find(steps, &step) - steps.begin())) = to;
    store::record_event(run.id(), node.nodeid, step.name, change.kind, to_string(to), message);

    for (auto reached = reached_state(run.plan); reached != run.plan.state; reached = reached_state(run.plan)) {
        change_run(run, reached, std::nullopt);
        run.plan.gate_open = run.plan.gate_open || reached == RunState::Switching;
    }
    return attempt;
}

void require_same_roles(const Run &run, const std::string &formation, int group, bool at_rest,
                        std::optional<std::int64_t> only_node) {
    const std::string hint = is_before_switch(run.plan.state)
                                 ? "Abort " + run_name(run.id()) +
                                       " with pgaf_upgrade_abort() and start again, or bring the nodes back to the "
                                       "roles that they had."
                                 : "Bring the nodes back to the roles that they had, for example with pg_autoctl "
                                   "perform switchover; then the run goes on.";
    const auto cluster = store::group_nodes(formation, group);
    for (const auto &node : run.plan.nodes) {
        const bool concerned = node.role != Role::Monitor && node.formation == formation && node.group == group;
        if (!concerned || (only_node && node.nodeid != *only_node && node.role != Role::Primary)) {
            continue;
        }
        const auto now = std::ranges::find(cluster, node.nodeid, &store::ClusterNode::nodeid);
        if (now == cluster.end()) {
            throw Error(code::kClusterNotReady, node.name + " is no longer a node of the cluster", hint);
        }
        const bool is_same =
            node.role == Role::Primary
                ? is_writable_state(now->goal_state) || (!at_rest && is_writable_in_passing(now->goal_state))
                : now->goal_state == "secondary" || (!at_rest && is_secondary_in_passing(now->goal_state));
        if (!is_same) {
            throw Error(code::kClusterNotReady,
                        node.name + " was " + std::string(to_string(node.role)) + " when " + run_name(run.id()) +
                            " started, its state is now \"" + now->goal_state + "\"",
                        hint);
        }
        if (at_rest && now->reported_state != now->goal_state) {
            throw Error(
                code::kClusterNotReady,
                node.name + " is on its way from \"" + now->reported_state + "\" to \"" + now->goal_state + "\"",
                "Wait until pg_autoctl show state shows every node in its assigned state.");
        }
    }
    for (const auto &now : cluster) {
        const bool is_planned =
            std::ranges::find(run.plan.nodes, now.nodeid, &NodePlan::nodeid) != run.plan.nodes.end();
        if (now.formation == formation && now.group == group && !is_planned) {
            throw Error(code::kClusterNotReady,
                        now.name + " has joined the group since " + run_name(run.id()) + " started", hint);
        }
    }
}

}  // namespace pgaf
