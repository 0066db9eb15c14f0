#pragma once

#include <string>
#include <vector>

namespace pgaf {

// A word, or a command, as a POSIX shell reads it back.
[[nodiscard]] std::string shell_quoted(const std::string &word);
[[nodiscard]] std::string shell_line(const std::vector<std::string> &argv);

}  // namespace pgaf
