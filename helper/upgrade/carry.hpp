#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "connection.hpp"

// pg_upgrade carries over no configuration. These files are what a DBA, pg_autoctl and the
// applications rely on, and they go into the new cluster as they are.
namespace pgaf {

// Relative to the data directory: the configuration with everything that it includes, pg_hba.conf and
// pg_ident.conf with the files that they name, the SSL files by their default names and as the
// parameters name them. Only what exists and lies inside the data directory: what lies elsewhere stays.
[[nodiscard]] std::vector<std::filesystem::path> files_to_carry(Connection &server, const std::filesystem::path &pgdata,
                                                                const std::filesystem::path &data_dir);

// The access rules among them. They wait until pg_upgrade, which connects by initdb's, has ended.
[[nodiscard]] bool is_access_rule(const std::filesystem::path &file);

// Throws HelperError(StepFailed) when a copy is not the same in content, owner and mode.
void carry(const std::vector<std::filesystem::path> &files, const std::filesystem::path &from,
           const std::filesystem::path &to, std::string_view step);

// Whether that has been done, and nothing has changed since.
[[nodiscard]] bool is_carried(const std::vector<std::filesystem::path> &files, const std::filesystem::path &from,
                              const std::filesystem::path &to);

}  // namespace pgaf
