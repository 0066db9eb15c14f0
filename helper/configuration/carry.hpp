#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "configuration/conf_edit.hpp"

// pg_upgrade carries over no configuration. These files are what a DBA, pg_autoctl and the
// applications rely on, and they go into the new cluster as they are, but for the parameters that it
// does not know.
namespace pgaf {

// The lines of the configuration files that change, by file; only files that have some.
[[nodiscard]] std::map<std::filesystem::path, std::vector<LineChange>> changed_lines(
    const std::filesystem::path &data_dir, const ParameterChanges &changes);

// The access rules among them. They wait until pg_upgrade, which connects by initdb's, has ended.
[[nodiscard]] bool is_access_rule(const std::filesystem::path &file);

// Copies, with the changes in what the server reads its parameters from. Throws HelperError(StepFailed) when a copy is
// not as it shall be in content, owner and mode.
void carry(const std::vector<std::filesystem::path> &files, const std::filesystem::path &from,
           const std::filesystem::path &to, std::string_view step, const ParameterChanges &changes);

// One of these files, without changes: as a link where it stays one.
void copy_carried(const std::vector<std::filesystem::path> &files, const std::filesystem::path &file,
                  const std::filesystem::path &from, const std::filesystem::path &to);

// Whether that has been done, and nothing has changed since.
[[nodiscard]] bool is_carried(const std::vector<std::filesystem::path> &files, const std::filesystem::path &from,
                              const std::filesystem::path &to, const ParameterChanges &changes);

}  // namespace pgaf
