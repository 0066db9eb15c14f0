#include <algorithm>
#include <array>

#include "core/errors.hpp"
#include "core/monitor_states.hpp"
#include "src/functions.hpp"
#include "src/node_argument.hpp"
#include "src/pg/lock.hpp"
#include "src/run.hpp"
#include "src/store_maintenance.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::functions {

namespace {

// begin and end write down what the DBA does by pg_autoctl; enable and disable do it themselves.
struct Action {
    std::string_view name;
    bool begins;
    bool asks_monitor;
};

constexpr std::array<Action, 4> kActions{{
    {"begin", true, false},
    {"end", false, false},
    {"enable", true, true},
    {"disable", false, true},
}};

const Action &require_action(const std::string &name) {
    const auto *const found = std::ranges::find(kActions, name, &Action::name);
    if (found == kActions.end()) {
        throw Error(code::kBadArgument, "\"" + name + "\" is not an action",
                    "Use begin or end to record a window, enable or disable to have pg_auto_failover do it too.");
    }
    return *found;
}

// The node to work on; one that has been dropped while its window was open can still be named.
NamedNode node_of(const std::string &text) {
    auto nodes = named(store::cluster_nodes());
    for (auto &dropped : store::nodes_in_open_maintenance()) {
        if (std::ranges::find(nodes, dropped.nodeid, &NamedNode::nodeid) == nodes.end()) {
            nodes.push_back(std::move(dropped));
        }
    }
    return require_node(nodes, text, kListOfNodes);
}

store::ClusterNode known_node(const NamedNode &node) {
    auto cluster = store::cluster_nodes();
    const auto known = std::ranges::find(cluster, node.nodeid, &store::ClusterNode::nodeid);
    if (known == cluster.end()) {
        throw Error(code::kUnknownObject, node.name + " is no longer a node of the monitor",
                    "Its window can only be ended: use the action end.");
    }
    return std::move(*known);
}

// A run that has passed the gate moves its nodes itself, each in its turn.
void refuse_beside_run(const std::optional<Run> &run, const NamedNode &node) {
    if (run && (run->plan.state == RunState::Switching || run->plan.state == RunState::Restoring ||
                run->plan.state == RunState::RollingBack)) {
        throw Error(code::kNotInStateFor,
                    run_name(run->id()) + " is " + std::string(to_string(run->plan.state)) + " and moves " + node.name +
                        " itself",
                    "SELECT * FROM pgaf_upgrade_status(" + std::to_string(run->id()) + ") tells what it waits for.");
    }
}

void require_can_enter(const store::ClusterNode &node) {
    if (is_writable_state(node.goal_state)) {
        throw Error(code::kClusterNotReady,
                    node.name + " accepts writes: its maintenance would be a failover to another node",
                    "Move the writes first: pg_autoctl perform switchover.");
    }
    constexpr std::array<std::string_view, 3> kFrom{"secondary", "catchingup", "maintenance"};
    if (std::ranges::find(kFrom, node.reported_state) == kFrom.end()) {
        throw Error(code::kClusterNotReady,
                    node.name + " is in state \"" + node.reported_state + "\", from which it cannot enter maintenance",
                    "Wait until pg_autoctl show state shows it as secondary, or record the window only, with the "
                    "action begin.");
    }
}

void require_can_leave(const store::ClusterNode &node) {
    if (node.reported_state != "maintenance" || node.goal_state != "maintenance") {
        throw Error(code::kClusterNotReady,
                    node.name + " is not in maintenance: its state is \"" + node.reported_state + "\", assigned \"" +
                        node.goal_state + "\"",
                    "Wait until pg_autoctl show state shows it in maintenance, or record the end of the window only, "
                    "with the action end.");
    }
}

std::string call_for(const NamedNode &node, const char *action) {
    return "SELECT pgaf_upgrade_record_maintenance('" + std::to_string(node.nodeid) + "', '" + action + "', 'why')";
}

std::int64_t begin(const NamedNode &node, const Action &action, const std::optional<Run> &run,
                   const std::string &reason) {
    if (const auto open = store::open_maintenance(node.nodeid)) {
        throw Error(
            code::kNotInStateFor,
            node.name + " is in a maintenance window already, since " + open->started_at + " by " + open->started_by,
            "End that one first: " + call_for(node, "end") + ".");
    }
    const auto known = known_node(node);
    if (action.asks_monitor) {
        refuse_beside_run(run, node);
        require_can_enter(known);
        (void) store::start_maintenance(node.nodeid);
    }
    return store::begin_maintenance(run ? std::optional(run->id()) : std::nullopt, node.nodeid, reason);
}

std::int64_t end(const NamedNode &node, const Action &action, const std::optional<Run> &run, const Text &reason) {
    const auto open = store::open_maintenance(node.nodeid);
    if (!open) {
        throw Error(code::kNotInStateFor, node.name + " is in no maintenance window",
                    "Begin one with " + call_for(node, "begin") + "; pg_autoctl disable maintenance needs none.");
    }
    if (action.asks_monitor) {
        refuse_beside_run(run, node);
        require_can_leave(known_node(node));
        (void) store::stop_maintenance(node.nodeid);
    }
    store::end_maintenance(open->maintenanceid, reason);
    return open->maintenanceid;
}

}  // namespace

Outcome pgaf_upgrade_record_maintenance(const Arguments &arguments) {
    const auto &text = arguments.required(0, "node");
    const auto &action = require_action(arguments.required(1, "action"));
    const auto &reason = arguments.text(2);
    if (action.begins) {
        (void) arguments.required_words(2, "reason", "Say why: the record is for whoever comes next.");
    }
    const auto node = node_of(text);

    // The run before the formation, as everywhere. pg_auto_failover's functions take the formation's lock
    // too, shared: to hold it exclusively before spares a transaction that does more the upgrade of a lock.
    std::optional<Run> run;
    if (const auto runid = store::active_run_of_node(node.nodeid)) {
        run = lock_run(*runid);
        if (run->has_ended()) {
            run.reset();
        }
    }
    pg::lock_formation(node.formation);

    const auto window = action.begins ? begin(node, action, run, *reason) : end(node, action, run, reason);
    store::record_event(run ? std::optional(run->id()) : std::nullopt, node.nodeid, "", "maintenance", action.name,
                        node.name + (reason ? ": " + *reason : ""));
    return {std::to_string(window), {}};
}

}  // namespace pgaf::functions
