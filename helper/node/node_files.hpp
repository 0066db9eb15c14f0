#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

// pg_autoctl's own files about a node: where they are, and what is read of them.
namespace pgaf::autoctl {

struct Paths {
    std::filesystem::path config;  // pg_autoctl.cfg
    std::filesystem::path state;   // pg_autoctl.state, which a monitor has not
    std::filesystem::path pid;     // pg_autoctl.pid
};

// For PGDATA as it was given to pg_autoctl: a symbolic link keeps its own name there.
[[nodiscard]] Paths paths_of(const std::filesystem::path &pgdata);

// Every PGDATA that has a pg_autoctl.cfg below this user's home.
[[nodiscard]] std::vector<std::filesystem::path> known_pgdatas();

struct Config {
    bool is_monitor = false;
    std::string monitor_uri;
    std::string formation;
    std::string username;
    std::string dbname;
    std::string listen_addresses;
    std::string sslmode;                                     // with which this node connects to others
    std::map<std::string, std::filesystem::path> ssl_files;  // by their keys in the file
    int port = 5432;
    std::string replication_password;
    double maximum_backup_rate_mb = 100;  // a second; 0: as fast as can be
    std::filesystem::path pg_ctl;
};

// The slot by which a standby streams from whichever node is primary.
[[nodiscard]] std::string replication_slot_of(std::int64_t nodeid);

// Throws HelperError(Usage) when it is not there or lacks what every node has.
[[nodiscard]] Config read_config(const std::filesystem::path &path);

// pg_autoctl.state: 1,024 bytes, a native struct; the offsets are those of pg_auto_failover 2.0 to 2.2.
struct KeeperState {
    std::int32_t version = 0;
    std::uint32_t pg_control_version = 0;
    std::uint32_t catalog_version = 0;
    std::uint64_t system_identifier = 0;
    std::int32_t node_id = 0;
};

[[nodiscard]] KeeperState read_state(const std::filesystem::path &path);

// Everything else in the file stays to the byte. pg_autoctl must be stopped: it rewrites the file.
void rewrite_state(const std::filesystem::path &path, const KeeperState &state);

}  // namespace pgaf::autoctl
