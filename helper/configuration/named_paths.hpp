#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "node/node.hpp"
#include "postgres/connection.hpp"

// Settings may name what lies in the data directory: a script that archives, a file with a passphrase, a library, a
// directory of sockets.
namespace pgaf {

struct NamedPath {
    std::string setting;
    std::filesystem::path name;  // relative to the data directory
};

// What a text names below one of the roots: as it is, or by $PGDATA. A command is run in the data directory: it may
// name a file there by a relative path as well. Of a name with %f in it, the directory.
[[nodiscard]] std::vector<std::filesystem::path> paths_named_in(std::string_view text,
                                                                const std::vector<std::filesystem::path> &roots,
                                                                bool is_command);

// Those of the server's settings but the ones that name the parts of its configuration, and of its environment; what is
// there, each once.
[[nodiscard]] std::vector<NamedPath> paths_named_by_settings(const Node &node, Connection &server);

// Whether it is the cluster's own, or in one of its directories: another cluster has its own of that name.
[[nodiscard]] bool is_in_cluster(const std::filesystem::path &name);

}  // namespace pgaf
