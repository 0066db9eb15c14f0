#pragma once

#include <filesystem>
#include <string_view>

namespace pgaf {

// To standard output where the path is "-", else into the file, which is replaced at one instant: who reads it
// meanwhile has the old text or the new one. Throws HelperError(Usage).
void write_output(const std::filesystem::path &path, std::string_view text);

}  // namespace pgaf
