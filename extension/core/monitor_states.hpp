#pragma once

#include <algorithm>
#include <array>
#include <string_view>

// What pg_auto_failover's states of a node mean here.
namespace pgaf {

// The node is the one of its group that accepts writes, and stays it.
[[nodiscard]] constexpr bool is_writable_state(std::string_view state) {
    constexpr std::array<std::string_view, 3> kStates{"single", "wait_primary", "primary"};
    return std::ranges::find(kStates, state) != kStates.end();
}

// The monitor takes a primary through these when a setting of the formation or of a node changes.
[[nodiscard]] constexpr bool is_writable_in_passing(std::string_view state) {
    constexpr std::array<std::string_view, 2> kStates{"join_primary", "apply_settings"};
    return std::ranges::find(kStates, state) != kStates.end();
}

// A secondary's own switch step moves it through these.
[[nodiscard]] constexpr bool is_secondary_in_passing(std::string_view state) {
    constexpr std::array<std::string_view, 3> kStates{"catchingup", "wait_maintenance", "maintenance"};
    return std::ranges::find(kStates, state) != kStates.end();
}

}  // namespace pgaf
