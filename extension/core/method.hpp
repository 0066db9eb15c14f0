#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace pgaf {

// How pg_upgrade brings the data files into the new cluster.
inline constexpr std::array<std::string_view, 4> kMethods{"link", "swap", "clone", "copy"};
// How a secondary is built; auto: by links where they can be proved to be right.
inline constexpr std::array<std::string_view, 3> kStandbyMethods{"auto", "basebackup", "link"};

// What happens when the switch fails before the new server has started: the old cluster serves again by itself, or all
// stays as it is until the operator comes.
inline constexpr std::string_view kGiveBack = "give_back";
inline constexpr std::array<std::string_view, 2> kOnFailure{kGiveBack, "stay"};

[[nodiscard]] constexpr bool is_method(std::string_view text) {
    return std::ranges::find(kMethods, text) != kMethods.end();
}
[[nodiscard]] constexpr bool is_standby_method(std::string_view text) {
    return std::ranges::find(kStandbyMethods, text) != kStandbyMethods.end();
}
[[nodiscard]] constexpr bool is_on_failure(std::string_view text) {
    return std::ranges::find(kOnFailure, text) != kOnFailure.end();
}

// Whether they are the old cluster's own, so that this one is no way back any more once the new server has written.
[[nodiscard]] constexpr bool takes_old_files(std::string_view method) {
    return method == "link" || method == "swap";
}

// pg_upgrade has --swap since then.
inline constexpr int kFirstToSwap = 18;

}  // namespace pgaf
