#include "src/planning.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include "core/claims.hpp"
#include "core/errors.hpp"
#include "core/method.hpp"
#include "core/monitor_states.hpp"
#include "src/node_argument.hpp"
#include "src/run.hpp"
#include "src/text.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf {

namespace {

using store::ClusterNode;

// The majors for which the steps are known to be right.
constexpr int kLowestTarget = 16;
constexpr int kHighestTarget = 18;

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

void require_method(const std::string &given, const char *argument, std::span<const std::string_view> supported) {
    if (std::ranges::find(supported, given) == supported.end()) {
        std::string choice;
        for (const auto one : supported) {
            choice += (choice.empty() ? "'" : " or '") + std::string(one) + "'";
        }
        throw Error(code::kNotSupported, std::string(argument) + " \"" + given + "\" is not supported",
                    std::string("Use ") + argument + " => " + choice + ".");
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
        // a node gives itself its name and its host, and both are shown to people from here on
        if (node->name.size() > claims::kNameLimit || node->host.size() > claims::kNameLimit ||
            !claims::is_plain(node->name) || !claims::is_plain(node->host)) {
            throw Error(code::kClusterNotReady,
                        "the name or the host of node " + std::to_string(node->nodeid) +
                            " is too long, or has control characters",
                        "Give it another: pg_autoctl set node metadata --name, --hostname.");
        }
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
                    group_name(key.first, key.second) + " has " + std::to_string(writable) +
                        " nodes that accept writes instead of one",
                    "See pg_autoctl show state.");
    }
}

PlannedNode planned_monitor() {
    PlannedNode monitor;
    monitor.plan.name = "monitor";
    monitor.plan.role = Role::Monitor;
    monitor.port = store::server_port();
    monitor.sysidentifier = store::server_sysidentifier();
    return monitor;
}

// The primary, then the secondaries in the order in which they enter maintenance: the asynchronous ones
// first, since the primary leaves synchronous replication with the last synchronous one.
void plan_group(std::vector<const ClusterNode *> members, std::vector<PlannedNode> &nodes) {
    std::ranges::sort(members, {}, [](const ClusterNode *node) {
        return std::tuple(!is_writable_state(node->goal_state), node->replication_quorum, node->nodeid);
    });
    int rank = 0;
    for (const auto *known : members) {
        PlannedNode node;
        node.plan.nodeid = known->nodeid;
        node.plan.name = known->name;
        node.plan.formation = known->formation;
        node.plan.group = known->group;
        node.plan.role = is_writable_state(known->goal_state) ? Role::Primary : Role::Secondary;
        node.plan.rank = node.plan.role == Role::Primary ? 0 : rank++;
        node.host = known->host;
        node.port = known->port;
        node.known = *known;
        node.sysidentifier = known->sysidentifier;
        nodes.push_back(std::move(node));
    }
}

// The standby that the operator names is left at the old version.
void keep(const std::string &text, std::vector<PlannedNode> &nodes) {
    std::vector<NamedNode> names;
    for (const auto &node : nodes) {
        names.push_back({node.plan.nodeid, node.plan.name, node.plan.formation});
    }
    const auto meant = require_node(names, text, kListOfNodes);
    const auto found = std::ranges::find(nodes, meant.nodeid, [](const auto &node) { return node.plan.nodeid; });
    if (found->plan.role != Role::Secondary) {
        throw Error(code::kBadArgument, meant.name + " is the primary of its group and cannot be kept",
                    "Give a secondary of the run as keep_old_standby: " + std::string(kListOfNodes) + " lists them.");
    }
    found->plan.is_kept = true;
}

}  // namespace

PlannedRun plan_run(const Arguments &arguments, bool to_start) {
    const auto target_version = static_cast<int>(arguments.required_integer(0, "target_version"));
    const auto &formation = arguments.text(1);
    const auto groups = arguments.text(2) ? parse_groups(*arguments.text(2)) : std::set<int>{};
    const bool include_monitor = arguments.required_boolean(3, "include_monitor");
    const auto &method = arguments.required(4, "method");
    const auto &standby_method = arguments.required(5, "standby_method");

    require_method(method, "method", kMethods);
    require_method(standby_method, "standby_method", kStandbyMethods);
    require_method(arguments.required(8, "on_failure"), "on_failure", kOnFailure);
    if (standby_method == "link" && !takes_old_files(method)) {
        throw Error(code::kBadArgument, "standby_method \"link\" needs method \"link\" or \"swap\"",
                    "Use standby_method => 'auto': standbys of a run by " + method + " are built by base backups.");
    }
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

    if (method == "swap" && target_version < kFirstToSwap) {
        throw Error(
            code::kNotSupported, "method \"swap\" needs PostgreSQL " + std::to_string(kFirstToSwap) + " as the target",
            "Use method => 'link': pg_upgrade of PostgreSQL " + std::to_string(target_version) + " cannot swap.");
    }

    if (to_start) {
        store::lock_for_start();
    }
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
        refuse_if_active(store::active_run_of_group(key.first, key.second), group_name(key.first, key.second));
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

    PlannedRun planned;
    planned.request = {target_version, source_version, formation,         arguments.text(2), include_monitor,
                       method,         standby_method, arguments.text(6), *arguments.text(8)};
    for (const auto &[key, nodes] : chosen) {
        plan_group(nodes, planned.nodes);
    }
    if (arguments.text(7)) {
        keep(*arguments.text(7), planned.nodes);
    }
    if (include_monitor) {
        planned.nodes.push_back(planned_monitor());
    }
    return planned;
}

}  // namespace pgaf
