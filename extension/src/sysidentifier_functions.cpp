#include <algorithm>

#include "core/errors.hpp"
#include "core/sysidentifier.hpp"
#include "src/functions.hpp"
#include "src/pg/lock.hpp"
#include "src/run.hpp"
#include "src/store_sysidentifier.hpp"
#include "src/sysidentifier.hpp"

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
// the one step that is for it, from the session that began that step; or the old one, as long as a rollback
// has to put it back.
void require_identity_step(std::optional<std::int64_t> runid, const std::string &formation, int group,
                           std::uint64_t after) {
    const auto expected = runid ? store::sysidentifier_to_write(*runid, formation, group) : std::nullopt;
    if (!expected) {
        throw Error(code::kNotAllowed,
                    "this session may not rewrite the system identifier of " + group_name(formation, group),
                    "Only the session that began the step identity of the group's primary may, or a role that was "
                    "granted it.");
    }
    if (from_bigint(*expected) != after) {
        throw Error(code::kSystemIdentifier,
                    format_sysidentifier(after) + " is not the identifier that the run has recorded, " +
                        format_sysidentifier(from_bigint(*expected)),
                    "Compare with pg_controldata of the new cluster.");
    }
}

// The group's nodes; throws Error when there are none.
std::vector<store::ClusterNode> require_group(const std::string &formation, int group) {
    auto nodes = store::group_nodes(formation, group);
    if (nodes.empty()) {
        throw Error(code::kUnknownObject,
                    "there is no node in group " + std::to_string(group) + " of formation \"" + formation + "\"",
                    "SELECT DISTINCT formationid, groupid FROM pgautofailover.node lists the groups.");
    }
    return nodes;
}

}  // namespace

Outcome pgaf_upgrade_validate_sysidentifier(const Arguments &arguments) {
    const auto &formation = arguments.required(0, "formation");
    const auto group = static_cast<int>(arguments.required_integer(1, "groupid"));
    const auto nodes = require_group(formation, group);
    Outcome outcome;
    for (const auto &check : judge_sysidentifier(store::active_run_of_group(formation, group), formation, group, nodes,
                                                 arguments.text(2))) {
        outcome.rows.push_back({check.name, check.passed ? "t" : "f", check.found, check.meaning});
    }
    return outcome;
}

Outcome pgaf_upgrade_rewrite_sysidentifier(const Arguments &arguments) {
    const auto &formation = arguments.required(0, "formation");
    const auto group = static_cast<int>(arguments.required_integer(1, "groupid"));
    const auto before = required_sysidentifier(arguments, 2, "old");
    const auto after = required_sysidentifier(arguments, 3, "new");

    const auto runid = store::active_run_of_group(formation, group);
    if (runid) {
        (void) lock_run(*runid);
    }
    if (!store::may_rewrite_by_hand()) {
        require_identity_step(runid, formation, group, after);
    }

    pg::lock_formation(formation);
    const auto nodes = require_group(formation, group);
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
    }
    refuse_failed(judge_sysidentifier(runid, formation, group, nodes, format_sysidentifier(after)), formation, group,
                  after);

    const auto changed = store::rewrite_sysidentifier(runid, formation, group, to_bigint(before), to_bigint(after));
    if (runid) {
        for (const auto &node : nodes) {
            store::record_event(*runid, node.nodeid, "", "sysidentifier", "",
                                format_sysidentifier(before) + " -> " + format_sysidentifier(after));
        }
    }
    return {std::to_string(changed), {}};
}

}  // namespace pgaf::functions
