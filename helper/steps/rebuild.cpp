#include "steps/steps.hpp"

#include <thread>

#include <fmt/format.h>

#include "controldata.hpp"
#include "core/conf_includes.hpp"
#include "fault.hpp"
#include "files.hpp"
#include "process.hpp"
#include "upgrade/carry.hpp"
#include "upgrade/configuration.hpp"
#include "upgrade/data_size.hpp"
#include "upgrade/new_cluster.hpp"
#include "upgrade/new_data.hpp"
#include "upgrade/server.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr int kAttempts = 6;
constexpr std::chrono::seconds kPause{5};
constexpr const char *kStandbyConf = "postgresql-auto-failover-standby.conf";

// pg_basebackup wants every tablespace's directory empty, and pg_autoctl, when it rebuilds a node, deletes
// what is behind pg_tblspc: the old major's part goes to a directory beside, which cleanup will know. What
// an attempt that did not end has copied there of the new major is removed.
void move_tablespaces_aside(const Context &context, const fs::path &old_dir) {
    const auto copied = fmt::format("PG_{}_", context.target());
    for (const auto &link : fs::directory_iterator(old_dir / "pg_tblspc")) {
        const auto location = fs::canonical(link.path());
        const fs::path aside = fmt::format("{}_pg{}", location.string(), context.source());
        std::vector<fs::path> entries;
        for (const auto &entry : fs::directory_iterator(location)) {
            entries.push_back(entry.path());
        }
        for (const auto &entry : entries) {
            if (entry.filename().string().starts_with(copied)) {
                fs::remove_all(entry);
            } else {
                make_directory(aside, context.node.owner);
                rename_durably(entry, aside / entry.filename());
            }
        }
    }
}

// The way back, once nothing of the new major lies there under its own name.
void move_tablespaces_back(const Context &context) {
    for (const auto &link : fs::directory_iterator(context.node.data_dir / "pg_tblspc")) {
        const auto location = fs::canonical(link.path());
        const fs::path aside = fmt::format("{}_pg{}", location.string(), context.source());
        if (!fs::exists(aside)) {
            continue;
        }
        std::vector<fs::path> entries;
        for (const auto &entry : fs::directory_iterator(aside)) {
            entries.push_back(entry.path());
        }
        for (const auto &entry : entries) {
            rename_durably(entry, location / entry.filename());
        }
        fs::remove(aside);
    }
}

// PGDATA's name is never without a directory: this program, and pg_autoctl, find the node by it.
fs::path spare_dir(const Context &context) {
    return context.node.beside("_pgaf_spare");
}

void put_old_cluster_aside(const Context &context) {
    const auto &data_dir = context.node.data_dir;
    const auto spare = spare_dir(context);
    if (major_of(data_dir) == context.source() && !fs::exists(context.old_dir())) {
        make_directory(spare, context.node.owner);
        exchange_durably(data_dir, spare);
    }
    fault_point("rebuild", "renamed");
    if (major_of(spare) == context.source()) {
        rename_durably(spare, context.old_dir());
    }
}

// A base backup that did not end is of no use, and there may be no room for a second one.
void remove_partial_backup(const Context &context) {
    const auto &data_dir = context.node.data_dir;
    const auto spare = spare_dir(context);
    if (major_of(context.old_dir()) != context.source() || major_of(data_dir) == context.source()) {
        throw HelperError(ExitCode::StepFailed,
                          fmt::format("\"{}\" is not the old cluster", context.old_dir().string()),
                          "Look where it is: without it this standby is not rebuilt.");
    }
    fs::remove_all(spare);  // a removal that was interrupted
    if (!fs::is_empty(data_dir)) {
        make_directory(spare, context.node.owner);
        exchange_durably(data_dir, spare);
        fs::remove_all(spare);
    }
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
                                  "--slot=" + autoctl::replication_slot_of(node.nodeid)};
    if (node.config.maximum_backup_rate_mb > 0) {
        argv.push_back(fmt::format("--max-rate={}M", node.config.maximum_backup_rate_mb));
    }
    run_checked({.argv = std::move(argv),
                 .run_as = node.owner,
                 .time_limit = context.limit(base_backup_limit(data_size(context), node.config.maximum_backup_rate_mb)),
                 .directory = node.work_dir(),
                 .log = node.log("pg_basebackup"),
                 .on_progress = context.say});
}

// One that is away, or boots after a power cut, is waited for: without it there is nothing to rebuild from.
void wait_for_primary(const Context &context, const std::string &conninfo) {
    const auto pg_isready = Installation::from(context.journal).new_bindir / "pg_isready";
    const std::chrono::seconds limit(context.node.options.wait_limit_s);
    context.wait_until("the primary to accept connections", limit, [&] {
        if (stop_was_asked()) {
            throw HelperError(ExitCode::StepFailed, "stopped by the operator while the primary was away",
                              "Run pgaf-upgrade run again: it goes on where it stopped.");
        }
        return run({.argv = {pg_isready.string(), "--quiet", "--dbname=" + conninfo + " replication=true"},
                    .run_as = context.node.owner})
                   .exit_code == 0;
    });
}

// Again where the primary went away in between.
void copy_primary(const Context &context, const std::string &conninfo) {
    for (int attempt = 1;; ++attempt) {
        wait_for_primary(context, conninfo);
        remove_partial_backup(context);
        move_tablespaces_aside(context, context.old_dir());
        try {
            const FaultWatch watch("rebuild", "middle", std::chrono::milliseconds(300));
            take_base_backup(context, conninfo);
            return;
        } catch (const HelperError &error) {
            if (attempt == kAttempts || error.code() == ExitCode::TimedOut) {
                throw;
            }
            context.say(fmt::format("again after: {}", error.what()));
        }
        std::this_thread::sleep_for(kPause);
    }
}

// Written last, after everything else is on the disk.
bool is_whole(const Context &context) {
    return context.is_swapped() && fs::exists(context.node.data_dir / "standby.signal");
}

bool is_streaming(const Context &context) {
    return context.local_server().single(
               "SELECT count(*) FROM pg_catalog.pg_stat_wal_receiver WHERE status = 'streaming'") == "1";
}

nlohmann::json result_of(const Context &context) {
    auto moved = nlohmann::json::array();
    for (const auto &link : fs::directory_iterator(context.old_dir() / "pg_tblspc")) {
        const auto location = fs::canonical(link.path());
        moved.push_back({{"location", location.string()},
                         {"kept_in", fmt::format("{}_pg{}", location.string(), context.source())}});
    }
    return {{"old_data_directory", context.old_dir().string()}, {"tablespaces", moved}};
}

}  // namespace

Found Rebuild::probe(const Context &context) const {
    if (is_whole(context) && context.node.running_server() && is_streaming(context)) {
        return Found::done(result_of(context));
    }
    return {fs::exists(context.old_dir()) ? Progress::Partial : Progress::Absent};
}

// By pg_basebackup as pg_autoctl calls it, with the connection that pg_autoctl gave this standby; but not
// by pg_autoctl, which would delete the old tablespaces and serve with the primary's configuration.
nlohmann::json Rebuild::perform(const Context &context) const {
    const auto &node = context.node;
    const auto old_dir = context.old_dir();
    put_old_cluster_aside(context);
    if (!is_whole(context)) {
        copy_primary(context, last_value_of(read_file(old_dir / kStandbyConf), "primary_conninfo"));
        fs::permissions(node.data_dir, fs::status(old_dir).permissions());
        // This node's own configuration, not the primary's, and from now on a standby.
        auto files = listed_files(context.journal.result("stop"));
        files.emplace_back(kStandbyConf);
        carry(files, old_dir, node.data_dir, name(), changes_for(context, old_dir));
        fault_point("rebuild", "carried");
        write_file(node.data_dir / "standby.signal", "", node.owner);
    }
    // It streams from here on, whether the monitor is back or not: the keeper adopts it.
    start_server(context);
    context.wait_until("the standby to stream", catch_up_limit(data_size(context)),
                       [&] { return is_streaming(context); });
    return result_of(context);
}

// From wherever perform() or an interrupted undo() has left it.
void Rebuild::undo(const Context &context) const {
    const auto &data_dir = context.node.data_dir;
    const auto spare = spare_dir(context);
    end_new_server(context);
    for (const auto &old : {context.old_dir(), spare}) {
        if (major_of(data_dir) != context.source() && major_of(old) == context.source()) {
            exchange_durably(data_dir, old);
        }
    }
    if (major_of(data_dir) != context.source()) {
        throw HelperError(ExitCode::Refused,
                          fmt::format("the old cluster is not found beside \"{}\"", data_dir.string()),
                          fmt::format("Look for it: it was named \"{}\".", context.old_dir().string()));
    }
    for (const auto &left : {context.old_dir(), spare}) {
        if (fs::exists(left) && fs::is_empty(left)) {
            fs::remove(left);
        } else if (fs::exists(left) && !fs::exists(context.new_dir())) {
            rename_durably(left, context.new_dir());
        }
    }
    set_aside_new_cluster(context);
    move_tablespaces_back(context);
}

}  // namespace pgaf
