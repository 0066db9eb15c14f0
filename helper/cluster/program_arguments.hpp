#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "node/node.hpp"
#include "run/installation.hpp"

// How PostgreSQL's programs are called on a node: by this program, and as `plan --commands` prints it.
namespace pgaf {

enum class UpgradeMode { Check, Real };

struct PgUpgradeCall {
    UpgradeMode mode = UpgradeMode::Real;
    std::filesystem::path old_dir;
    std::filesystem::path new_dir;
    std::string superuser;
    std::string socket_directory;
    std::string method;                    // link, swap, clone or copy
    std::vector<std::string> old_options;  // of private_files.hpp
    std::vector<std::string> new_options;
    unsigned jobs = 1;
};
[[nodiscard]] std::vector<std::string> pg_upgrade_arguments(const Installation &installation,
                                                            const PgUpgradeCall &call);

// After pg_upgrade, which leaves its last writes unflushed.
[[nodiscard]] std::vector<std::string> flush_arguments(const Installation &installation,
                                                       const std::filesystem::path &new_dir);

// As pg_autoctl takes a standby's, at its maximum_backup_rate; tablespaces as the mappings say.
struct TablespaceMapping {
    std::filesystem::path from;
    std::filesystem::path to;
};
[[nodiscard]] std::vector<std::string> base_backup_arguments(const Node &node, const Installation &installation,
                                                             const std::string &conninfo,
                                                             const std::vector<TablespaceMapping> &mappings);

// The server on PGDATA, listening as pg_autoctl has it listen.
[[nodiscard]] std::vector<std::string> start_arguments(const Node &node, const std::filesystem::path &bindir,
                                                       std::chrono::seconds limit, const std::filesystem::path &log);

}  // namespace pgaf
