#pragma once

#include <string_view>

namespace pgaf {

// The version of the SQL interface. The library, the SQL script and the helper carry the same one
// and refuse to work with another: `pgaf_upgrade.control` and CMakeLists.txt are checked against it.
inline constexpr const char *kVersion = "1.0";

// By the numbers between the dots: 1.9 is older than 1.10.
[[nodiscard]] bool is_older(std::string_view one, std::string_view other);

}  // namespace pgaf
