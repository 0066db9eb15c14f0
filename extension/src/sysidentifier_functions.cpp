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

}  // namespace

Outcome pgaf_upgrade_rewrite_sysidentifier(const Arguments &arguments) {
    const auto &formation = arguments.required(0, "formation");
    const auto group = static_cast<int>(arguments.required_integer(1, "groupid"));
    const auto before = required_sysidentifier(arguments, 2, "old");
    const auto after = required_sysidentifier(arguments, 3, "new");
    if (after == 0) {
        throw Error(code::kSystemIdentifier, "the new system identifier must not be 0");
    }

    const auto runid = store::active_run_of_group(formation, group);
    if (runid) {
        (void) lock_run(*runid);
    }
    if (!store::session_is_owner()) {
        require_identity_step(runid, formation, group, after);
    }

    pg::lock_formation(formation);
    std::vector<store::ClusterNode> nodes;
    std::ranges::copy_if(store::cluster_nodes(), std::back_inserter(nodes), [&](const store::ClusterNode &node) {
        return node.formation == formation && node.group == group;
    });
    if (nodes.empty()) {
        throw Error(code::kUnknownObject,
                    "there is no node in group " + std::to_string(group) + " of formation \"" + formation + "\"");
    }
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
    if (const auto other = store::other_group_with_sysidentifier(formation, group, to_bigint(after))) {
        throw Error(code::kSystemIdentifier,
                    "the system identifier " + format_sysidentifier(after) + " belongs to " + *other);
    }

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
