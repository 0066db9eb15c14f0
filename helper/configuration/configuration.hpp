#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "configuration/conf_edit.hpp"

namespace pgaf {

// What the server of this directory of programs says against the configuration in data_dir, which may be
// that of another major. Starts no server.
[[nodiscard]] std::vector<std::string> configuration_errors(const std::filesystem::path &bindir,
                                                            const std::filesystem::path &data_dir);

// What has to change in the configuration of data_dir for the target: what its server does not know is
// taken out, what it calls otherwise renamed. Its own list decides, not one of ours.
[[nodiscard]] ParameterChanges changes_for(const std::filesystem::path &new_bindir,
                                           const std::filesystem::path &data_dir, int target,
                                           const std::string &archive);

}  // namespace pgaf
