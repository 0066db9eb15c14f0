#include "cluster/version_directory.hpp"

#include <fmt/format.h>

namespace fs = std::filesystem;

namespace pgaf {

std::optional<fs::path> version_directory(const fs::path &location, int major) {
    const auto prefix = fmt::format("PG_{}_", major);
    for (const auto &entry : fs::directory_iterator(location)) {
        const auto name = entry.path().filename().string();
        if (name.starts_with(prefix) && name.find("_unused_") == std::string::npos) {
            return entry.path();
        }
    }
    return std::nullopt;
}

}  // namespace pgaf
