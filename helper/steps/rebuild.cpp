#include "steps/steps.hpp"

#include <sys/stat.h>

#include <fmt/format.h>

#include "controldata.hpp"
#include "core/conf_includes.hpp"
#include "files.hpp"
#include "process.hpp"
#include "upgrade/carry.hpp"
#include "upgrade/server.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr const char *kStandbyConf = "postgresql-auto-failover-standby.conf";

// pg_basebackup wants every tablespace's directory empty, and pg_autoctl, when it rebuilds a node, deletes
// what is behind pg_tblspc: the old major's part goes to a directory beside, which cleanup will know.
nlohmann::json move_tablespaces_aside(const Context &context, const fs::path &old_dir) {
    auto moved = nlohmann::json::array();
    for (const auto &link : fs::directory_iterator(old_dir / "pg_tblspc")) {
        const auto location = fs::canonical(link.path());
        const fs::path aside = fmt::format("{}_pg{}", location.string(), context.source());
        for (const auto &entry : fs::directory_iterator(location)) {
            make_directory(aside, context.node.owner);
            rename_durably(entry.path(), aside / entry.path().filename());
        }
        moved.push_back({{"location", location.string()}, {"kept_in", aside.string()}});
    }
    return moved;
}

void take_base_backup(const Context &context, const std::string &conninfo) {
    const auto &node = context.node;
    std::vector<std::string> argv{(Installation::from(context.journal).new_bindir / "pg_basebackup").string(),
                                  "--dbname=" + conninfo,
                                  "--pgdata=" + node.data_dir.string(),
                                  "--wal-method=stream",
                                  "--checkpoint=fast",
                                  "--progress",
                                  "--no-password",
                                  fmt::format("--slot=pgautofailover_standby_{}", node.nodeid)};
    if (node.config.maximum_backup_rate_mb > 0) {
        argv.push_back(fmt::format("--max-rate={}M", node.config.maximum_backup_rate_mb));
    }
    run_checked({.argv = std::move(argv),
                 .run_as = node.owner,
                 .time_limit = std::chrono::hours(72),
                 .directory = node.work_dir(),
                 .log = node.log("pg_basebackup"),
                 .on_progress = context.say});
}

}  // namespace

// By pg_basebackup as pg_autoctl calls it, with the connection that pg_autoctl gave this standby; but not
// by pg_autoctl, which would delete the old tablespaces and serve with the primary's configuration.
nlohmann::json Rebuild::perform(const Context &context) const {
    const auto &node = context.node;
    const auto old_dir = context.old_dir();
    if (major_of(node.data_dir) == context.source() && !fs::exists(old_dir)) {
        rename_durably(node.data_dir, old_dir);
    }
    const bool whole = fs::exists(node.data_dir / "standby.signal");
    auto moved = nlohmann::json::array();
    if (!whole) {
        // an attempt that did not end is put aside, as pg_basebackup wants its directory empty
        for (int attempt = 1; fs::exists(node.data_dir); ++attempt) {
            const auto unused = fmt::format("{}_unused_{}", context.new_dir().string(), attempt);
            if (!fs::exists(unused)) {
                rename_durably(node.data_dir, unused);
            }
        }
        moved = move_tablespaces_aside(context, old_dir);
        const auto conninfo = last_value_of(read_file(old_dir / kStandbyConf), "primary_conninfo");
        take_base_backup(context, conninfo);

        // This node's own configuration, not the primary's, and from now on a standby.
        auto files = listed_files(context.journal.result("stop"));
        files.emplace_back(kStandbyConf);
        carry(files, old_dir, node.data_dir);
        write_file(node.data_dir / "standby.signal", "", node.owner);
    }
    // It streams from here on, whether the monitor is back or not: the keeper adopts it.
    start_new_server(context);
    context.wait_until("the standby to stream", std::chrono::minutes(10), [&context] {
        return context.node.connect_locally().single(
                   "SELECT count(*) FROM pg_catalog.pg_stat_wal_receiver WHERE status = 'streaming'") == "1";
    });
    return {{"old_data_directory", old_dir.string()}, {"tablespaces", moved}};
}

}  // namespace pgaf
