#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"
#include "core/conf_edit.hpp"

// pg_upgrade carries over no configuration. These files are what a DBA, pg_autoctl and the
// applications rely on, and they go into the new cluster as they are, but for the parameters that it
// does not know.
namespace pgaf {

// Relative to the data directory: the configuration with everything that it includes, pg_hba.conf and
// pg_ident.conf with the files that they name, the SSL files by their default names and as the
// parameters name them. Only what exists and lies inside the data directory: what lies elsewhere stays.
[[nodiscard]] std::vector<std::filesystem::path> files_to_carry(Connection &server, const std::filesystem::path &pgdata,
                                                                const std::filesystem::path &data_dir);

// Of these, what the server reads its parameters from: postgresql.conf, postgresql.auto.conf and what
// they include, as far as it lies inside the directory.
[[nodiscard]] std::vector<std::filesystem::path> configuration_files(const std::filesystem::path &data_dir);

// The lines of these that change, by file; only files that have some.
[[nodiscard]] std::map<std::filesystem::path, std::vector<LineChange>> changed_lines(
    const std::filesystem::path &data_dir, const ParameterChanges &changes);

// The access rules among them. They wait until pg_upgrade, which connects by initdb's, has ended.
[[nodiscard]] bool is_access_rule(const std::filesystem::path &file);

// Copies, with the changes in what the server reads its parameters from. Throws HelperError(StepFailed) when a copy is
// not as it shall be in content, owner and mode.
void carry(const std::vector<std::filesystem::path> &files, const std::filesystem::path &from,
           const std::filesystem::path &to, std::string_view step, const ParameterChanges &changes);

// Whether that has been done, and nothing has changed since.
[[nodiscard]] bool is_carried(const std::vector<std::filesystem::path> &files, const std::filesystem::path &from,
                              const std::filesystem::path &to, const ParameterChanges &changes);

}  // namespace pgaf
