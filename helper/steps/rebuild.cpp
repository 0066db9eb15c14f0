#include "steps/steps.hpp"

#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "cluster/base_backup.hpp"
#include "cluster/new_cluster.hpp"
#include "cluster/new_data.hpp"
#include "cluster/serving_server.hpp"
#include "cluster/standby_directory.hpp"
#include "cluster/wal_directory.hpp"
#include "configuration/carry.hpp"
#include "postgres/controldata.hpp"
#include "run/data_size.hpp"
#include "run/files_of_run.hpp"
#include "seed/standby.hpp"
#include "system/document.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

// Why this standby is built by a base backup although the run would have links. Said once: later attempts go by it.
constexpr const char *kNoLinks = "no links";
// What a standby by links is made of, as its result tells it.
constexpr const char *kLinked = "linked";
// What pg_amcheck has looked at, where it was asked for.
constexpr const char *kAmchecked = "amchecked";
// Before the first start on files that the old cluster has as well.
constexpr const char *kSharedFilesServe = "shared files serve";

constexpr int kFetchAttempts = 10;
constexpr std::chrono::seconds kPause{1};

// A standby that does not begin to stream, while its primary answers, is none.
constexpr std::chrono::seconds kBeginsToStream{60};

// Written last, after everything else is on the disk.
fs::path standby_signal(const Context &context) {
    return context.node.data_dir / "standby.signal";
}

bool is_whole(const Context &context) {
    return context.is_swapped() && fs::exists(standby_signal(context));
}

bool is_streaming(const Context &context) {
    return context.local_server().single(
               "SELECT count(*) FROM pg_catalog.pg_stat_wal_receiver WHERE status = 'streaming'") == "1";
}

bool is_by_links(const Context &context) {
    return is_seed_wanted(context) && !context.journal.noted(kNoLinks);
}

nlohmann::json rebuilt(const Context &context) {
    nlohmann::json result{{"old_data_directory", context.old_dir().string()},
                          {"tablespaces", kept_tablespaces(context)},
                          {"standby_method", is_by_links(context) ? "link" : "basebackup"}};
    if (is_by_links(context)) {
        result.update(nlohmann::json::parse(context.journal.noted(kLinked).value_or("{}")));
        if (const auto amchecked = context.journal.noted(kAmchecked)) {
            result["amcheck"] = nlohmann::json::parse(*amchecked);
        }
    } else if (const auto reason = context.journal.noted(kNoLinks)) {
        result["no_links"] = *reason;
    }
    return result;
}

bool is_amcheck_due(const Context &context) {
    return context.node.options.amcheck && !context.journal.noted(kAmchecked);
}

// This node's own configuration, not the primary's, and from now on a standby.
void make_whole(const Context &context) {
    const auto &node = context.node;
    const auto old_dir = context.old_dir();
    fs::permissions(node.data_dir, fs::status(old_dir).permissions());
    copy_attributes(old_dir, node.data_dir);
    link_wal(old_dir, node.data_dir, context.target());
    carry(listed_files(context.journal.result(steps::kStop)), kept_copies(places_of(node)), node.data_dir,
          steps::kRebuild, files_of_run(context).changes);
    carry({"postgresql-auto-failover-standby.conf"}, old_dir, node.data_dir, steps::kRebuild, {});
    fault_point(steps::kRebuild, "carried");
    write_file(standby_signal(context), "");
}

// Again where the primary went away in between. One that answers and lets this standby in to replicate, but not to the
// database, does not change its mind.
SeedOrigin fetch_patiently(const Context &context, const std::string &conninfo) {
    for (int attempt = 1;; ++attempt) {
        wait_for_primary(context, conninfo);
        try {
            return fetch_seed(context, conninfo);
        } catch (const PgError &error) {
            if (attempt == kFetchAttempts) {
                throw LinksRefused(fmt::format("the seed cannot be fetched: {}", error.what()));
            }
            context.say(fmt::format("again after: {}", error.what()));
        }
        std::this_thread::sleep_for(kPause);
    }
}

nlohmann::json link_from_seed(const Context &context, const std::string &conninfo) {
    const auto link = [&] {
        const auto origin = fetch_patiently(context, conninfo);
        remove_partial_standby(context);
        return link_standby(context, origin);
    };
    try {
        return link();
    } catch (const SeedDamaged &damaged) {
        // what an interrupted attempt had fetched may be, after a power cut
        spdlog::warn("{}: it is fetched once more", damaged.what());
        remove_seed(context.node);
        return link();
    }
}

// Streaming, and with what the primary wrote after the seed. A primary that is away is waited for.
void prove(const Context &context, const std::string &conninfo) {
    const auto require = [&](const std::string &what, std::chrono::seconds limit, const auto &is_so) {
        const auto while_it_runs = [&] {
            if (!context.node.running_server()) {
                throw LinksRefused(fmt::format("the server has ended: see {}", context.node.log("postgres").string()));
            }
            return is_so(context);
        };
        while (true) {
            try {
                context.wait_until("the standby to " + what, limit, while_it_runs);
                return;
            } catch (const HelperError &error) {
                if (error.code() != ExitCode::TimedOut) {
                    throw;
                }
            }
            if (is_primary_ready(context, conninfo)) {
                throw LinksRefused(fmt::format("the standby does not {}", what));
            }
            wait_for_primary(context, conninfo);
        }
    };
    require("stream", kBeginsToStream, is_streaming);
    require("replay what was written since", catch_up_limit(data_size(context)), has_replayed_marker);
}

void build_by_links(const Context &context, const std::string &conninfo) {
    if (!is_whole(context)) {
        enable_old_control(context.old_dir());
        const auto made = link_from_seed(context, conninfo);
        fault_point(steps::kRebuild, "linked");
        context.journal.note(kLinked, made.dump());
        make_whole(context);
    }
    // As pg_upgrade does it: a server started there would write to the new cluster's files.
    disable_old_control(context.old_dir());
    context.journal.note(kSharedFilesServe, context.old_dir().string());
    try {
        start_server(context);
    } catch (const ServerDoesNotStart &error) {
        throw LinksRefused(error.what());
    }
    prove(context, conninfo);
    if (is_amcheck_due(context)) {
        context.journal.note(kAmchecked, dumped(amcheck_standby(context)));
    }
    remove_seed(context.node);
}

// The directory is not whole before it is said: an attempt that dies in between tries links again.
void give_links_up(const Context &context, const std::string &reason) {
    spdlog::warn("this standby is not built by links: {}", reason);
    context.say(fmt::format("by a base backup, since {}", reason));
    end_new_server(context);
    if (fs::exists(standby_signal(context))) {
        fs::remove(standby_signal(context));
        flush_directory(context.node.data_dir);
    }
    remove_seed(context.node);
    if (!context.journal.noted(kSharedFilesServe)) {
        enable_old_control(context.old_dir());
    }
    context.journal.note(kNoLinks, reason);
}

}  // namespace

Found Rebuild::probe(const Context &context) const {
    if (is_whole(context) && context.node.running_server() && is_streaming(context) &&
        (!is_by_links(context) || (has_replayed_marker(context) && !is_amcheck_due(context)))) {
        return Found::done(rebuilt(context));
    }
    return {fs::exists(context.old_dir()) ? Progress::Partial : Progress::Absent};
}

// By links to its own old files, where it can be proved that they are the primary's; else by pg_basebackup as
// pg_autoctl calls it. Both with the connection that pg_autoctl gave this standby; but not by pg_autoctl, which would
// delete the old tablespaces and serve with the primary's configuration.
nlohmann::json Rebuild::perform(const Context &context) const {
    put_old_cluster_aside(context);
    const auto conninfo = replication_conninfo(context);
    if (is_by_links(context) && context.node.options.base_backup) {
        give_links_up(context, "the operator asked for a base backup");
    }
    if (is_by_links(context)) {
        try {
            build_by_links(context, conninfo);
            return rebuilt(context);
        } catch (const LinksRefused &refused) {
            if (context.standby_method() == "link") {
                throw;
            }
            give_links_up(context, refused.what());
        }
    }
    if (!is_whole(context)) {
        take_base_backup(context, conninfo);
        make_whole(context);
    }
    // It streams from here on, whether the monitor is back or not: the keeper adopts it.
    start_server(context);
    context.wait_until("the standby to stream", catch_up_limit(data_size(context)),
                       [&] { return is_streaming(context); });
    return rebuilt(context);
}

// From wherever perform() or an interrupted undo() has left it.
void Rebuild::undo(const Context &context) const {
    if (context.journal.noted(kSharedFilesServe)) {
        refuse_old_cluster(context);
    }
    const auto &data_dir = context.node.data_dir;
    const auto spare = spare_dir(context);
    settle_exchange(data_dir);
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
    enable_old_control(data_dir);
    for (const auto &left : {context.old_dir(), spare}) {
        if (fs::exists(left) && fs::is_empty(left)) {
            fs::remove(left);
        } else if (fs::exists(left) && !fs::exists(context.new_dir())) {
            rename_durably(left, context.new_dir());
        }
    }
    set_aside_new_cluster(context);
}

}  // namespace pgaf
