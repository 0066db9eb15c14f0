#include "src/sysidentifier.hpp"

#include <algorithm>

#include "core/errors.hpp"
#include "core/sysidentifier.hpp"
#include "src/run.hpp"
#include "src/store_sysidentifier.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf {

std::vector<SysidentifierCheck> judge_sysidentifier(std::optional<std::int64_t> runid, const std::string &formation,
                                                    int group, const std::vector<store::ClusterNode> &nodes,
                                                    const Text &given) {
    const auto value = given ? parse_sysidentifier(*given) : std::nullopt;
    const auto facts =
        store::sysidentifier_facts(runid, formation, group, value ? std::optional(to_bigint(*value)) : std::nullopt);
    SysidentifierCase subject;
    subject.given = given;
    subject.now = facts.now;
    subject.run_started = facts.run_started;
    if (facts.recorded) {
        subject.recorded = from_bigint(*facts.recorded);
    }
    subject.was_the_groups = facts.was_the_groups;
    subject.used_elsewhere = facts.used_elsewhere;
    for (const auto &node : nodes) {
        subject.members.push_back({node.name,
                                   node.sysidentifier ? std::optional(from_bigint(*node.sysidentifier)) : std::nullopt,
                                   node.reported_state, node.goal_state});
    }
    return check_sysidentifier(subject);
}

void refuse_failed(const std::vector<SysidentifierCheck> &checks, const std::string &formation, int group,
                   std::uint64_t sysidentifier) {
    const auto failed = std::ranges::find(checks, false, &SysidentifierCheck::passed);
    if (failed == checks.end()) {
        return;
    }
    const auto number = format_sysidentifier(sysidentifier);
    throw Error(failed->of_value ? code::kSystemIdentifier : code::kClusterNotReady,
                failed->of_value ? number + " cannot be the new system identifier of " + group_name(formation, group)
                                 : "the system identifier of " + group_name(formation, group) + " cannot change now",
                "Nothing was changed. SELECT * FROM pgaf_upgrade_validate_sysidentifier('" + formation + "', " +
                    std::to_string(group) + ", " + number + ") shows every check.",
                std::string(failed->meaning) + "; " + failed->found);
}

void require_possible_sysidentifier(std::int64_t runid, const std::string &formation, int group,
                                    std::uint64_t sysidentifier) {
    const auto nodes = formation.empty() ? std::vector<store::ClusterNode>{} : store::group_nodes(formation, group);
    auto checks = judge_sysidentifier(runid, formation, group, nodes, format_sysidentifier(sysidentifier));
    std::erase_if(checks, [](const SysidentifierCheck &check) {
        // an attempt at the step that is repeated makes another cluster
        return !check.of_value || std::string_view(check.name) == "as_recorded";
    });
    refuse_failed(checks, formation, group, sysidentifier);
}

}  // namespace pgaf
