#pragma once

#include <string>
#include <vector>

namespace pgaf {

// A word, or a command, as a POSIX shell reads it back.
[[nodiscard]] std::string shell_quoted(const std::string &word);
[[nodiscard]] std::string shell_line(const std::vector<std::string> &argv);

// Lines by which a shell exports variables "NAME=VALUE", quoted. Those whose name no shell takes are left out.
[[nodiscard]] std::string exports_in_shell(const std::vector<std::string> &variables);

}  // namespace pgaf
