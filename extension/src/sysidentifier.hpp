#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/sysidentifier_checks.hpp"
#include "src/functions.hpp"
#include "src/store.hpp"

// Judging an identifier by what the monitor knows.
namespace pgaf {

// `nodes` are those of the group; `given` is decimal text, or null.
std::vector<SysidentifierCheck> judge_sysidentifier(std::optional<std::int64_t> runid, const std::string &formation,
                                                    int group, const std::vector<store::ClusterNode> &nodes,
                                                    const Text &given);

// Throws Error when the number cannot be the new identifier of the group, whatever state the group is
// in. The monitor is group 0 of a formation without a name.
void require_possible_sysidentifier(std::int64_t runid, const std::string &formation, int group,
                                    std::uint64_t sysidentifier);

// The failed checks as one refusal; does nothing when there are none.
void refuse_failed(const std::vector<SysidentifierCheck> &checks, const std::string &formation, int group,
                   std::uint64_t sysidentifier);

}  // namespace pgaf
