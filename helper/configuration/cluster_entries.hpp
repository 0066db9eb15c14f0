#pragma once

#include <algorithm>
#include <array>
#include <string_view>

// What stands at a data directory's top and is PostgreSQL's own, or pg_autoctl's: each cluster has its own of it.
namespace pgaf {

// But for pg_tblspc, which has links.
inline constexpr std::array<std::string_view, 16> kClusterDirectories{
    "base",      "global",  "pg_commit_ts", "pg_dynshmem",  "pg_logical",  "pg_multixact", "pg_notify", "pg_replslot",
    "pg_serial", "pg_stat", "pg_stat_tmp",  "pg_snapshots", "pg_subtrans", "pg_twophase",  "pg_wal",    "pg_xact"};

[[nodiscard]] constexpr bool is_cluster_directory(std::string_view name) {
    return name == "pg_tblspc" || std::ranges::find(kClusterDirectories, name) != kClusterDirectories.end();
}

// A file that a server, a backup, pg_upgrade or pg_autoctl writes by itself.
[[nodiscard]] constexpr bool is_cluster_file(std::string_view name) {
    constexpr std::array<std::string_view, 21> kFiles{"PG_VERSION",
                                                      "backup_label",
                                                      "backup_label.old",
                                                      "backup_manifest",
                                                      "current_logfiles",
                                                      "current_logfiles.tmp",
                                                      "pg_hba.conf",
                                                      "pg_ident.conf",
                                                      "pg_internal.init",
                                                      "postgresql-auto-failover-standby.conf",
                                                      "postgresql-auto-failover.conf",
                                                      "postgresql.auto.conf",
                                                      "postgresql.auto.conf.tmp",
                                                      "postgresql.conf",
                                                      "postmaster.opts",
                                                      "postmaster.pid",
                                                      "recovery.signal",
                                                      "standby.signal",
                                                      "startup.log",
                                                      "tablespace_map",
                                                      "tablespace_map.old"};
    return std::ranges::find(kFiles, name) != kFiles.end();
}

}  // namespace pgaf
