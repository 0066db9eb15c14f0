#pragma once

#include <sys/resource.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

// What a unit's settings give its processes, and a scope has no settings for.
namespace pgaf::privileged {

struct Limits {
    std::vector<std::pair<int, rlimit>> resources;  // by RLIMIT_*
    std::optional<int> oom_score_adjust;
};

// As systemd has them for this unit, by its name. Throws HelperError.
[[nodiscard]] Limits limits_of(const std::string &unit);

// By lines NAME=VALUE of `systemctl show`.
[[nodiscard]] Limits limits_in(const std::string &properties);

// This process, and what it becomes, has them. What cannot be set stays as it is.
void take_on(const Limits &limits);

}  // namespace pgaf::privileged
