#include <algorithm>
#include <iterator>

#include "core/errors.hpp"
#include "core/sysidentifier.hpp"
#include "src/functions.hpp"
#include "src/pg/lock.hpp"
#include "src/run.hpp"
#include "src/store.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::functions {

namespace {

std::uint64_t required_sysidentifier(const Arguments &arguments, std::size_t index, const char *name) {
    const auto &text = arguments.required(index, name);
    const auto value = parse_sysidentifier(text);
    if (!value) {
        throw Error(code::kSystemIdentifier, "\"" + text + "\" is not a system identifier",
                    "Give " + std::string(name) + " as pg_controldata prints it: a whole number below 2^64.");
    }
    return *value;
}

// autoctl_node may be anyone whom pg_hba.conf trusts: it may write only what a run has recorded, in
// the one step that is for it, from the session that began that step.
void require_identity_step(std::optional<std::int64_t> runid, const std::string &formation, int group,
                           std::uint64_t after) {
    const auto expected = runid ? store::sysidentifier_to_write(*runid, formation, group) : std::nullopt;
    if (!expected) {
        throw Error(code::kNotAllowed,
                    "this session may not rewrite the system identifier of group " + std::to_string(group) +
                        " of formation " + formation,
                    "Only the session that began the step identity of the group's primary may, or the owner of the "
                    "extension.");
    }
    if (from_bigint(*expected) != after) {
        throw Error(code::kSystemIdentifier, format_sysidentifier(after) +
                                                 " is not the new identifier that the run has "
                                                 "recorded, " +
                                                 format_sysidentifier(from_bigint(*expected)));
    }
}

std::vector<store::ClusterNode> group_nodes(const std::string &formation, int group) {
    std::vector<store::ClusterNode> nodes;
    std::ranges::copy_if(store::cluster_nodes(), std::back_inserter(nodes), [&](const store::ClusterNode &node) {
        return node.formation == formation && node.group == group;
    });
    if (nodes.empty()) {
        throw Error(code::kUnknownObject,
                    "there is no node in group " + std::to_string(group) + " of formation \"" + formation + "\"",
                    "See pg_autoctl show state.");
    }
    return nodes;
}

std::vector<SysidentifierCheck> checks_of(const Text &text, const std::vector<store::ClusterNode> &nodes,
                                          std::optional<std::int64_t> runid) {
    const auto &formation = nodes.front().formation;
    const int group = nodes.front().group;
    SysidentifierContext context;
    context.now_s = store::now_s();
    if (runid) {
        context.run_started_s = store::started_s(*runid);
    }
    for (const auto &node : nodes) {
        context.nodes.push_back(
            {node.name, node.sysidentifier ? std::optional(from_bigint(*node.sysidentifier)) : std::nullopt});
    }
    if (const auto value = text ? parse_sysidentifier(*text) : std::nullopt) {
        context.other_group = store::other_group_with_sysidentifier(formation, group, to_bigint(*value));
        if (const auto old = store::old_sysidentifier(runid, formation, group, to_bigint(*value))) {
            context.old = from_bigint(*old);
        } else if (!runid && context.nodes.front().value != value) {
            context.old = context.nodes.front().value;
        }
    }
    return check_sysidentifier(text, context);
}

// Keepers that are up and follow a primary would find that their own identifier is not the group's.
void require_resting(const store::ClusterNode &node) {
    for (const auto &state : {node.reported_state, node.goal_state}) {
        if (!may_have_sysidentifier_rewritten(state)) {
            throw Error(code::kClusterNotReady,
                        node.name + " is in state \"" + state + "\", in which its system identifier must stay",
                        "Nothing was changed. Bring its standbys into maintenance first, or wait until the failover "
                        "is over.");
        }
    }
}

// A rewrite that goes back to what was there is judged by the record of that; any other as a new cluster's.
void require_valid(std::uint64_t before, std::uint64_t after, const std::vector<store::ClusterNode> &nodes,
                   std::optional<std::int64_t> runid) {
    const auto &first = nodes.front();
    const bool goes_back = store::was_rewritten(first.formation, first.group, to_bigint(after), to_bigint(before));
    for (const auto &check : checks_of(format_sysidentifier(after), nodes, runid)) {
        if (check.passed.value_or(true) || check.name == "nodes_agree" ||
            (goes_back && check.name != "not_of_another_group")) {
            continue;
        }
        throw Error(code::kSystemIdentifier,
                    format_sysidentifier(after) + " fails " + std::string(check.name) + ": " + check.found,
                    "Nothing was changed. Compare with pg_controldata of the upgraded primary.",
                    std::string(check.meaning));
    }
}

}  // namespace

Outcome pgaf_upgrade_validate_sysidentifier(const Arguments &arguments) {
    const auto &formation = arguments.required(0, "formation");
    const auto group = static_cast<int>(arguments.required_integer(1, "groupid"));
    const auto nodes = group_nodes(formation, group);
    Outcome outcome;
    for (const auto &check : checks_of(arguments.text(2), nodes, store::active_run_of_group(formation, group))) {
        outcome.rows.push_back({std::string(check.name), check.passed ? Text(*check.passed ? "t" : "f") : std::nullopt,
                                check.found, std::string(check.meaning)});
    }
    return outcome;
}

Outcome pgaf_upgrade_rewrite_sysidentifier(const Arguments &arguments) {
    const auto &formation = arguments.required(0, "formation");
    const auto group = static_cast<int>(arguments.required_integer(1, "groupid"));
    const auto before = required_sysidentifier(arguments, 2, "old");
    const auto after = required_sysidentifier(arguments, 3, "new");
    require_same_version();

    const auto runid = store::active_run_of_group(formation, group);
    if (runid) {
        (void) lock_run(*runid);
    }
    if (!store::session_is_owner()) {
        require_identity_step(runid, formation, group, after);
    }

    pg::lock_formation(formation);
    const auto nodes = group_nodes(formation, group);
    if (std::ranges::all_of(nodes, [&](const auto &node) { return node.sysidentifier == to_bigint(after); })) {
        return {"0", {}};
    }
    for (const auto &node : nodes) {
        if (node.sysidentifier != to_bigint(before)) {
            throw Error(code::kSystemIdentifier,
                        node.name + " has the system identifier " +
                            (node.sysidentifier ? format_sysidentifier(from_bigint(*node.sysidentifier)) : "null") +
                            ", not " + format_sysidentifier(before),
                        "Nothing was changed. Compare with pg_controldata on the node.");
        }
        require_resting(node);
    }
    require_valid(before, after, nodes, runid);

    const auto changed = store::update_group_sysidentifier(formation, group, to_bigint(after));
    for (const auto &node : nodes) {
        store::record_sysidentifier_change(runid, node, to_bigint(after));
        if (runid) {
            store::record_event(*runid, node.nodeid, "", "sysidentifier", "",
                                format_sysidentifier(before) + " -> " + format_sysidentifier(after));
        }
    }
    return {std::to_string(changed), {}};
}

}  // namespace pgaf::functions
