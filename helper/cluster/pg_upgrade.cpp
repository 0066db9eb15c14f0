#include "cluster/pg_upgrade.hpp"

#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cluster/private_files.hpp"
#include "cluster/socket_directory.hpp"
#include "postgres/diagnosis.hpp"
#include "run/data_size.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"
#include "system/process.hpp"

namespace fs = std::filesystem;

namespace pgaf {

fs::path scratch_dir(const Context &context) {
    return context.node.work_dir() / "pg_upgrade";
}

namespace {

// pg_upgrade names the log of the program that failed: what that says is the cause.
std::string named_log(const std::string &message) {
    constexpr std::string_view kBefore = "last few lines of \"";
    const auto at = message.find(kBefore);
    if (at == std::string::npos) {
        return {};
    }
    const auto begin = at + kBefore.size();
    const fs::path log = message.substr(begin, message.find('"', begin) - begin);
    return fs::exists(log) ? fmt::format("; it says: {}", last_lines(read_file(log), 3)) : "";
}

// Whether the new server has somebody who waits. It listens where pg_upgrade was told to, at pg_upgrade's own
// default port. A database that is just made anew lets nobody in, and the two are never at once.
std::string describe_restore(const Context &context, const std::string &sockets, const std::string &superuser) {
    for (const auto *database : {"postgres", "template1"}) {
        const auto conninfo = fmt::format("host={} port=50432 user={} dbname={}", quote_conninfo(sockets),
                                          quote_conninfo(superuser), database);
        if (auto waits = describe_waits(conninfo); !waits.empty()) {
            return fmt::format("{}; {}", waits, describe_processes(context.new_dir()));
        }
    }
    return {};
}

// pg_upgrade flushes the new cluster and then starts it once more, with fsync off, to write the last records of
// its WAL: what that start wrote, pg_control too, would not outlive a power cut. So it is told not to flush. By file
// system and not by file, since each file of each relation would be opened.
void flush_new_cluster(const Context &context) {
    const auto installation = Installation::from(context.journal);
    run_checked({.argv = flush_arguments(installation, context.new_dir()),
                 .time_limit = context.limit(pg_upgrade_limit(data_size(context), context.method() == "copy")),
                 .log = context.node.log("pg_upgrade"),
                 .on_progress = context.say});
}

}  // namespace

Parts run_pg_upgrade(const Context &context, UpgradeMode mode) {
    const auto installation = Installation::from(context.journal);
    make_directory(scratch_dir(context));
    const SocketDirectory sockets(scratch_dir(context));

    const auto superuser = context.journal.result(steps::kInitdb).at("superuser").get<std::string>();
    const PrivateFiles files(scratch_dir(context));
    if (mode == UpgradeMode::Check) {
        files.write(private_needs(context.node), context.source(), context.target());
    }
    PgUpgradeCall call{.mode = mode,
                       .old_dir = context.node.data_dir,
                       .new_dir = context.new_dir(),
                       .superuser = superuser,
                       .socket_directory = sockets.path(),
                       .method = context.method(),
                       .old_options = files.options(Side::Old, context.node.data_dir),
                       .new_options = files.options(Side::New, context.new_dir()),
                       .jobs = jobs_for(std::thread::hardware_concurrency(), files.max_connections())};
    if (fault_is(steps::kPgUpgrade, "workers")) {
        call.new_options.insert(call.new_options.end(), {"-c", "max_worker_processes=8"});
    }
    const auto log = context.node.log(mode == UpgradeMode::Check ? "dry_run" : "pg_upgrade");
    const FaultWatch checking(steps::kDryRun, "middle", log, "Performing Consistency Checks");
    const FaultWatch dumping(steps::kPgUpgrade, "dumping", log, "Creating dump of database schemas");
    const FaultWatch restoring(steps::kPgUpgrade, "middle", log, "Restoring database schemas");
    const FaultWatch linking(steps::kPgUpgrade, "linking", log,
                             context.method() == "swap" ? "Swapping data directories" : "user relation files");
    PgUpgradeParts looking(log);
    try {
        run_checked({.argv = pg_upgrade_arguments(installation, call),
                     .environment = {"PGOPTIONS=" + private_session_options(context.source())},
                     .time_limit = context.limit(
                         mode == UpgradeMode::Check ? dry_run_limit(data_size(context))
                                                    : pg_upgrade_limit(data_size(context), context.method() == "copy")),
                     .directory = scratch_dir(context),
                     .log = log,
                     .on_progress = context.say,
                     .diagnose = [&] { return describe_restore(context, sockets.path(), superuser); }});
    } catch (const HelperError &error) {
        throw HelperError(error.code(), error.what() + named_log(error.what()), error.hint());
    }
    auto parts = looking.take();
    if (mode == UpgradeMode::Real) {
        fault_point(steps::kPgUpgrade, "syncing");
        flush_new_cluster(context);
        parts.lap("flush the new cluster");
    }
    return parts;
}

}  // namespace pgaf
