#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// Whether a number can become the system identifier of a group.
namespace pgaf {

struct GroupMember {
    std::string name;
    std::optional<std::uint64_t> sysidentifier;
    std::string reported_state;
    std::string goal_state;
};

// What is known when an identifier is judged. Times are seconds since 1970 by the monitor's clock.
struct SysidentifierCase {
    std::optional<std::string> given;           // decimal text
    std::int64_t now = 0;                       // where the monitor's clock stands
    std::optional<std::int64_t> run_started;    // the active run of the group
    std::optional<std::uint64_t> recorded;      // the new identifier that this run has recorded
    bool was_the_groups = false;                // the group had it before a rewrite
    std::optional<std::string> used_elsewhere;  // who has it, other than this group
    std::vector<GroupMember> members;
};

struct SysidentifierCheck {
    const char *name;
    bool of_value;  // of the number itself, else of the condition that the group is in
    bool passed;
    std::string found;
    const char *meaning;
};

// Data nodes and monitor need not have the same time: a difference of up to this is no fault.
inline constexpr std::int64_t kClockToleranceSeconds = 3600;

// Always the same checks in the same order.
[[nodiscard]] std::vector<SysidentifierCheck> check_sysidentifier(const SysidentifierCase &subject);

}  // namespace pgaf
