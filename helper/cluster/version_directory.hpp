#pragma once

#include <filesystem>
#include <optional>

namespace pgaf {

// What a major has in a tablespace's LOCATION, such as PG_17_202406281; not what was set aside there as _unused_N.
[[nodiscard]] std::optional<std::filesystem::path> version_directory(const std::filesystem::path &location, int major);

}  // namespace pgaf
