#pragma once

#include <sys/resource.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

// What a unit's settings give its processes, and a scope has no settings for.
namespace pgaf {

struct UnitLimits {
    std::vector<std::pair<int, rlimit>> resources;  // by RLIMIT_*
    std::optional<int> oom_score_adjust;
};

// The names of the properties that `systemctl show` is to tell, by commas.
[[nodiscard]] std::string properties_of_limits();

// By lines NAME=VALUE of `systemctl show`.
[[nodiscard]] UnitLimits limits_in(const std::string &properties);

// This process, and what it becomes, has them. What cannot be set stays as it is.
void take_on(const UnitLimits &limits);

}  // namespace pgaf
