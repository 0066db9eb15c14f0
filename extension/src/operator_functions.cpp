#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <tuple>

#include "core/errors.hpp"
#include "core/monitor_states.hpp"
#include "src/functions.hpp"
#include "src/run.hpp"
#include "src/store.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::functions {

namespace {

using store::ClusterNode;

// The majors for which the steps are known to be right.
constexpr int kLowestTarget = 16;
constexpr int kHighestTarget = 18;

std::string joined(const std::vector<std::string> &parts, const char *separator = ", ") {
    std::string text;
    for (const auto &part : parts) {
        text += (text.empty() ? "" : separator) + part;
    }
    return text;
}

// "{0,1}", an int[] in text form without nulls.
std::set<int> parse_groups(const std::string &text) {
    std::set<int> groups;
    const char *position = text.data();
    const char *const end = text.data() + text.size();
    while (position < end) {
        int value = 0;
        const auto [rest, error] = std::from_chars(position, end, value);
        if (error == std::errc{}) {
            groups.insert(value);
            position = rest;
        } else {
            ++position;
        }
    }
    if (groups.empty() || text.find("NULL") != std::string::npos) {
        throw Error(code::kBadArgument, "groups must be a list of group numbers", "Leave it null for every group.");
    }
    return groups;
}

void require_method(const std::string &given, const char *argument, const char *supported) {
    if (given != supported) {
        throw Error(code::kNotSupported, std::string(argument) + " \"" + given + "\" is not supported",
                    std::string("Use ") + argument + " => '" + supported + "'.");
    }
}

void refuse_if_active(std::optional<std::int64_t> runid, const std::string &what) {
    if (!runid) {
        return;
    }
    throw Error(code::kRunExists, run_name(*runid) + " is active for " + what,
                "SELECT * FROM pgaf_upgrade_status(" + std::to_string(*runid) + ") shows it; pgaf_upgrade_abort(" +
                    std::to_string(*runid) + ", 'reason') ends it as long as it has not begun to switch.");
}

using GroupKey = std::pair<std::string, int>;

std::string group_name(const GroupKey &key) {
    return "group " + std::to_string(key.second) + " of formation " + key.first;
}

void require_known(const Text &formation, const std::set<int> &groups, const std::vector<ClusterNode> &cluster) {
    const auto formations = store::formations();
    if (formation && std::ranges::find(formations, *formation) == formations.end()) {
        throw Error(code::kUnknownObject, "there is no formation \"" + *formation + "\"",
                    "The monitor knows: " + joined(formations) + ".");
    }
    std::set<int> known;
    for (const auto &node : cluster) {
        if (!formation || node.formation == *formation) {
            known.insert(node.group);
        }
    }
    if (known.empty()) {
        throw Error(code::kClusterNotReady,
                    formation ? "formation \"" + *formation + "\" has no nodes" : "the monitor has no nodes",
                    "Register nodes first: pg_autoctl create postgres on each.");
    }
    for (const int group : groups) {
        if (!known.contains(group)) {
            std::vector<std::string> names;
            for (const int other : known) {
                names.push_back(std::to_string(other));
            }
            throw Error(code::kUnknownObject,
                        "there is no group " + std::to_string(group) +
                            (formation ? " in formation \"" + *formation + "\"" : ""),
                        "The groups are: " + joined(names) + ".");
        }
    }
}

void require_ready(const GroupKey &key, const std::vector<const ClusterNode *> &nodes) {
    int writable = 0;
    for (const auto *node : nodes) {
        if (node->kind != "pgsql") {
            throw Error(code::kNotSupported, "formation \"" + key.first + "\" is of kind " + node->kind,
                        "Only formations of kind pgsql can be upgraded.");
        }
        if (node->reported_state != node->goal_state) {
            throw Error(
                code::kClusterNotReady,
                node->name + " is on its way from \"" + node->reported_state + "\" to \"" + node->goal_state + "\"",
                "Wait until pg_autoctl show state shows every node in its assigned state.");
        }
        if (is_writable_state(node->goal_state)) {
            ++writable;
        } else if (node->goal_state != "secondary") {
            throw Error(code::kClusterNotReady,
                        node->name + " is in state \"" + node->goal_state + "\", from which it cannot be upgraded",
                        "Bring it back to secondary (pg_autoctl disable maintenance) or drop it first.");
        }
    }
    if (writable != 1) {
        throw Error(code::kClusterNotReady,
                    group_name(key) + " has " + std::to_string(writable) + " nodes that accept writes instead of one",
                    "See pg_autoctl show state.");
    }
}

// Runs the monitor's own step list and every node's; the asynchronous secondaries enter maintenance
// first, since the primary leaves synchronous replication with the last synchronous one.
void write_plan(std::int64_t runid, const std::map<GroupKey, std::vector<const ClusterNode *>> &groups,
                bool include_monitor) {
    const auto write = [runid](const NodePlan &node, const std::string &host, int port, const ClusterNode *known,
                               std::optional<std::int64_t> sysidentifier) {
        store::insert_node(runid, node, host, port, known, sysidentifier);
        int ordinal = 0;
        for (const auto *step : steps_of(node.role)) {
            store::insert_step(runid, node.nodeid, ++ordinal, *step);
        }
    };
    if (include_monitor) {
        NodePlan monitor;
        monitor.name = "monitor";
        monitor.role = Role::Monitor;
        write(monitor, "", store::server_port(), nullptr, store::server_sysidentifier());
    }
    for (const auto &[key, members] : groups) {
        auto nodes = members;
        std::ranges::stable_sort(nodes, {}, [](const ClusterNode *node) {
            return std::tuple(!is_writable_state(node->goal_state), node->replication_quorum, node->nodeid);
        });
        int rank = 0;
        for (const auto *known : nodes) {
            NodePlan node;
            node.nodeid = known->nodeid;
            node.name = known->name;
            node.formation = known->formation;
            node.group = known->group;
            node.role = is_writable_state(known->goal_state) ? Role::Primary : Role::Secondary;
            node.rank = node.role == Role::Primary ? 0 : rank++;
            write(node, known->host, known->port, known, known->sysidentifier);
        }
    }
}

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
    const auto target_version = static_cast<int>(arguments.required_integer(0, "target_version"));
    const auto &formation = arguments.text(1);
    const auto groups = arguments.text(2) ? parse_groups(*arguments.text(2)) : std::set<int>{};
    const bool include_monitor = arguments.required_boolean(3, "include_monitor");
    const auto &method = arguments.required(4, "method");
    const auto &standby_method = arguments.required(5, "standby_method");

    require_same_version();
    require_method(method, "method", "link");
    require_method(standby_method, "standby_method", "basebackup");
    std::optional<int> source_version;
    if (include_monitor) {
        source_version = store::server_major();
        if (target_version <= *source_version) {
            throw Error(code::kBadArgument,
                        "the monitor runs PostgreSQL " + std::to_string(*source_version) +
                            " and cannot be upgraded to " + std::to_string(target_version),
                        "Choose a higher target_version, or include_monitor => false to upgrade data nodes only.");
        }
    }
    if (target_version < kLowestTarget || target_version > kHighestTarget) {
        throw Error(
            code::kNotSupported, "PostgreSQL " + std::to_string(target_version) + " is not a supported target",
            "Supported targets are " + std::to_string(kLowestTarget) + " to " + std::to_string(kHighestTarget) + ".");
    }

    store::lock_for_start();
    const auto cluster = store::cluster_nodes();
    require_known(formation, groups, cluster);

    std::map<GroupKey, std::vector<const ClusterNode *>> chosen;
    std::vector<std::string> left_out;
    for (const auto &node : cluster) {
        if ((!formation || node.formation == *formation) && (groups.empty() || groups.contains(node.group))) {
            chosen[{node.formation, node.group}].push_back(&node);
        } else {
            left_out.push_back(node.name);
        }
    }
    for (const auto &[key, nodes] : chosen) {
        refuse_if_active(store::active_run_of_group(key.first, key.second), group_name(key));
    }
    if (include_monitor) {
        refuse_if_active(store::active_run_of_node(0), "the monitor");
        if (!left_out.empty()) {
            throw Error(
                code::kBadArgument,
                "the monitor cannot be upgraded without all of its nodes: " + joined(left_out) + " would be left out",
                "Choose every formation and group, or include_monitor => false: pg_autoctl must be of one "
                "version on the monitor and on all nodes.");
        }
        // Elsewhere a run without the monitor may be on its way: it needs the monitor to stay up.
        const auto active = store::active_runs();
        if (!active.empty()) {
            refuse_if_active(active.front(), "other groups of this monitor");
        }
    }
    for (const auto &[key, nodes] : chosen) {
        require_ready(key, nodes);
    }

    const auto runid = store::insert_run(formation, arguments.text(2), include_monitor, source_version, target_version,
                                         method, standby_method, arguments.text(6));
    write_plan(runid, chosen, include_monitor);
    store::record_event(runid, std::nullopt, "", "run", to_string(RunState::Preparing), arguments.text(6));
    return {std::to_string(runid), {}};
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

Outcome pgaf_upgrade_abort(const Arguments &arguments) {
    auto run = lock_run(arguments.required_integer(0, "run"));
    const auto &reason = arguments.required(1, "reason");
    if (run.plan.state == RunState::Aborted) {
        return {std::string(to_string(run.plan.state)), {}};
    }
    if (!is_legal(run.plan.state, RunState::Aborted)) {
        throw Error(
            code::kNotInStateFor,
            run_name(run.id()) + " is " + std::string(to_string(run.plan.state)) + " and can no longer be aborted",
            run.has_ended() ? "SELECT * FROM pgaf_upgrade_history() shows how every run has ended."
                            : "Remove the cause of what failed and let it go on with pgaf_upgrade_retry().");
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
                change_step(run, node, *step, StepState::Pending, change);
                ++retried;
            }
        }
    }
    return {std::to_string(retried), {}};
}

Outcome pgaf_upgrade_waive_check(const Arguments &arguments) {
    const auto run = lock_run(arguments.required_integer(0, "run"));
    const auto &node = arguments.required(1, "node");
    const auto &check_name = arguments.required(2, "check_name");
    const auto &reason = arguments.required(3, "reason");
    const auto nodes = store::waive_check(run.id(), node, check_name, reason);
    if (nodes.empty()) {
        throw Error(code::kUnknownObject,
                    run_name(run.id()) + " has no result of a check \"" + check_name + "\" on \"" + node + "\"",
                    "SELECT * FROM pgaf_upgrade_checks(" + std::to_string(run.id()) + ") lists them.");
    }
    for (const auto nodeid : nodes) {
        store::record_event(run.id(), nodeid, "", "waived", "", check_name + ": " + reason);
    }
    return {};
}

}  // namespace pgaf::functions
