#pragma once

#include <filesystem>

namespace pgaf {

// spdlog writes to the end of that file from here on. Throws HelperError(Refused) where it is no regular file.
void log_into(const std::filesystem::path &path);

}  // namespace pgaf
