#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/node_files.hpp"
#include "node/privileges.hpp"
#include "postgres/connection.hpp"
#include "system/owner.hpp"

namespace pgaf {

// What the operator may say; everything else is found.
struct Options {
    std::filesystem::path pgdata;
    std::filesystem::path new_bindir;
    std::string service;
    int target = 17;
    std::string method = "link";          // of pg_upgrade, for check; a run has its own
    std::string standby_method = "auto";  // likewise
    std::string archive;                  // what shall become of archiving: see upgrade/archive.hpp
    std::vector<std::string> only;        // of the checks; empty: all
    bool show_commands = false;           // of each step, by `plan`
    bool show_changes = false;            // the configuration's, as a diff
    std::filesystem::path backup_to;      // the directory for backups; empty: beside PGDATA
    int backup_max_age_days = 7;          // of what the check `backup` takes for recent
    int wait_limit_s = 24 * 3600;
    int transaction_wait_s = 0;                   // how long the primary waits for open transactions before it stops
    int replication_wait_s = 10;                  // how long a stop waits for those who receive WAL and are no node
    std::optional<std::int64_t> refused_limit_s;  // how long a primary may refuse writes before pg_upgrade begins
    double limit_factor = 1;                      // of every limit of core/limits.hpp and of Context::wait_until
    bool amcheck = false;                         // a standby by links is looked at by pg_amcheck, too
    bool once = false;
    bool dry_run = false;           // of cleanup
    bool logs = false;              // are removed by cleanup, too
    int older_than_days = 3;        // what cleanup may remove
    std::string asked_by;           // who has called, by the name of this host's user
    bool base_backup = false;       // of this standby, whatever the run would have
    bool without_monitor = false;   // its host is lost for good
    bool discard_new_data = false;  // the operator gives up what a rollback would lose
    std::string reason = "asked for by pgaf-upgrade rollback";
    std::optional<std::int64_t> run;  // to be shown; none: the newest
    bool watch = false;
    bool json = false;
    bool prometheus = false;
    std::filesystem::path output = "-";          // of status and report
    std::vector<std::string> users{"postgres"};  // those of the host for whom root works
    std::shared_ptr<Privileges> privileges;      // what of root's this process may ask for
};

// This node as the disk shows it, from PGDATA on: nothing here asks the monitor.
class Node {
  public:
    // Throws HelperError(Usage or Refused).
    explicit Node(const Options &given);
    // One whose PGDATA, owner and files of pg_autoctl are known already: nothing is looked for, nor read.
    Node(const Options &given, Owner its_owner, autoctl::Paths its_paths);

    std::filesystem::path pgdata;    // as pg_autoctl knows it, perhaps a symbolic link
    std::filesystem::path data_dir;  // the real directory
    Owner owner;
    autoctl::Paths paths;
    autoctl::Config config;
    std::int64_t nodeid = 0;  // 0: the monitor
    Options options;

    // Beside the data directory, on its file system, so that they can be renamed into one another.
    [[nodiscard]] std::filesystem::path beside(const std::string &suffix) const;
    [[nodiscard]] std::filesystem::path work_dir() const { return beside("_pgaf_upgrade"); }
    // Exists while PGDATA is between two clusters, and keeps the service from being started.
    [[nodiscard]] std::filesystem::path guard_flag() const { return work_dir() / "between_clusters"; }
    // A copy of pg_autoctl.cfg, which pg_autoctl writes in place, at its start too: one that dies then leaves
    // it empty, and this class puts the copy there.
    void keep_config() const;
    [[nodiscard]] std::filesystem::path log(const std::string &name) const { return work_dir() / (name + ".log"); }

    // Copies of the configuration's files, by their names in PGDATA, as the run has shown them.
    [[nodiscard]] std::filesystem::path kept_files() const { return work_dir() / "as_shown" / "files"; }

    // The connection string, in which kept copies take the place of what is not in PGDATA while that is rebuilt.
    [[nodiscard]] std::string with_files_found(const std::string &conninfo) const;

    // From the monitor's URI, or the local server on the monitor itself. To be used as the owner, whose
    // certificates and passwords are meant.
    [[nodiscard]] std::string monitor_conninfo() const;

    // The local server over its Unix socket, as postmaster.pid tells it. Throws when none runs.
    [[nodiscard]] Connection connect_locally(const std::string &dbname = "postgres") const;

    // The socket directory and port of the running server; nothing when none runs.
    [[nodiscard]] std::optional<std::pair<std::string, int>> running_server() const;

    // Whether that one has been told to stop and is still there.
    [[nodiscard]] bool is_server_stopping() const;

    // Where `current` names a major, the same layout with the other: /usr/lib/postgresql/15/bin and
    // the like. The operator's choice goes first.
    [[nodiscard]] std::filesystem::path bindir_of_target(const std::filesystem::path &current, int source,
                                                         int target) const;

  private:
    [[nodiscard]] std::filesystem::path kept_config() const { return work_dir() / "pg_autoctl.cfg.kept"; }
};

}  // namespace pgaf
