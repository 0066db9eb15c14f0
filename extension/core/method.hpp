#pragma once

#include <string_view>

// How pg_upgrade brings the data files into the new cluster: "link", "swap", "clone" or "copy".
namespace pgaf {

// Whether they are the old cluster's own, so that this one is no way back any more once the new server has written.
[[nodiscard]] constexpr bool takes_old_files(std::string_view method) {
    return method == "link" || method == "swap";
}

// pg_upgrade has --swap since then.
inline constexpr int kFirstToSwap = 18;

}  // namespace pgaf
