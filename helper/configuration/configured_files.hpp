#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "node/node.hpp"
#include "postgres/connection.hpp"

// The files that a server's configuration consists of, as the disk has them.
namespace pgaf {

// The parameters that name files, as the server has them, with their values. What is in the files may change; where
// they begin can change only by one of them.
using FileParameters = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] FileParameters file_parameters(Connection &server);

// With those that pg_autoctl's configuration names, the connection strings by which this node reaches others, and the
// server's other settings.
[[nodiscard]] FileParameters file_parameters(const Node &node, Connection &server);

struct ConfiguredFiles {
    std::vector<std::filesystem::path> inside;   // relative to the data directory
    std::vector<std::filesystem::path> outside;  // absolute: old and new server read the same file
};

// The configuration with everything that it includes, pg_hba.conf and pg_ident.conf with the files that they name, the
// SSL files by their default names and as the parameters name them; what else they name; links at the data directory's
// top that lead out of it. What exists of it. A directory that is included is among them, before what is in it; one
// that another parameter names is without what is in it. Asks no server.
[[nodiscard]] ConfiguredFiles configured_files(const FileParameters &parameters, const std::filesystem::path &pgdata,
                                               const std::filesystem::path &data_dir);

// Whether one of these files, in that directory, is a link that stays one. One by which a directory is included is a
// directory in the copy, since what is in it is among the files.
[[nodiscard]] bool is_kept_as_link(const std::vector<std::filesystem::path> &files, const std::filesystem::path &file,
                                   const std::filesystem::path &directory);

// Of those inside, what the server reads its parameters from: postgresql.conf, postgresql.auto.conf and what they
// include.
[[nodiscard]] std::vector<std::filesystem::path> configuration_files(const std::filesystem::path &data_dir);

}  // namespace pgaf
