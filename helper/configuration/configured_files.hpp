#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "postgres/connection.hpp"

// The files that a server's configuration consists of, as the disk has them.
namespace pgaf {

// The parameters that name files, as the server has them, with their values. What is in the files may change; where
// they begin can change only by one of them.
using FileParameters = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] FileParameters file_parameters(Connection &server);

struct ConfiguredFiles {
    std::vector<std::filesystem::path> inside;   // relative to the data directory
    std::vector<std::filesystem::path> outside;  // absolute: old and new server read the same file
};

// The configuration with everything that it includes, pg_hba.conf and pg_ident.conf with the files that they name, the
// SSL files by their default names and as the parameters name them; what exists of it. A directory that is included
// is among them, before what is in it. Asks no server.
[[nodiscard]] ConfiguredFiles configured_files(const FileParameters &parameters, const std::filesystem::path &pgdata,
                                               const std::filesystem::path &data_dir);

// Of those inside, what the server reads its parameters from: postgresql.conf, postgresql.auto.conf and what they
// include.
[[nodiscard]] std::vector<std::filesystem::path> configuration_files(const std::filesystem::path &data_dir);

}  // namespace pgaf
