#pragma once

#include <cstdint>

namespace pgaf {

inline constexpr std::uint64_t kMegabyte = 1U << 20U;  // bytes

}  // namespace pgaf
