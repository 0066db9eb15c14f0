#pragma once

namespace pgaf {

// The version of the SQL interface. The library, the SQL script and the helper carry the same one
// and refuse to work with another: `pgaf_upgrade.control` and CMakeLists.txt are checked against it.
inline constexpr const char *kVersion = "1.0";

}  // namespace pgaf
