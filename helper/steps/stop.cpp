#include "steps/steps.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "cluster/archiver.hpp"
#include "cluster/private_server.hpp"
#include "cluster/replication_clients.hpp"
#include "core/sysidentifier.hpp"
#include "node/server_environment.hpp"
#include "node/service.hpp"
#include "postgres/controldata.hpp"
#include "run/refused_limit.hpp"
#include "run/warnings.hpp"

namespace pgaf {

namespace {

// A primary's are known: what it does from here on keeps the applications waiting.
nlohmann::json carried_files(const Context &context) {
    return context.role() == Role::Primary ? context.journal.result(steps::kCheckpoint).at("files")
                                           : files_to_carry_now(context);
}

ControlData control_of(const Context &context) {
    return read_controldata(Installation::from(context.journal).old_bindir, context.node.data_dir);
}

// By links it is built only if it has replayed all that the primary had written. One that lags longer is copied.
void wait_for_replay(const Context &context) {
    if (!context.node.running_server() || std::filesystem::exists(context.node.guard_flag())) {
        return;
    }
    try {
        context.wait_until("the standby to replay what it has received", std::chrono::minutes(1), [&] {
            return context.local_server().single(
                       "SELECT coalesce(pg_catalog.pg_last_wal_receive_lsn() <= pg_catalog.pg_last_wal_replay_lsn(), "
                       "true)") == "t";
        });
    } catch (const HelperError &error) {
        spdlog::warn("{}", error.what());
    }
}

// What the stop has cost others: they are to be told by somebody.
nlohmann::json warnings_of_stop(const Context &context) {
    Warnings warnings;
    for (const auto &client : ended_replication_clients(context)) {
        warnings.add(
            fmt::format("replication client: {}", client),
            "ended in the stop, before it had confirmed all WAL of the old cluster",
            "Tell its owner that it lacks the last changes. A logical consumer needs a new slot and a new copy "
            "of its tables; a standby of a standby is to be made again.");
    }
    const bool archives =
        context.role() == Role::Primary && context.journal.result(steps::kCheckpoint).value("archives", false);
    if (const auto waiting = archiver_state(context.node.data_dir).waiting; archives && waiting > 0) {
        warnings.add("WAL archive of the old cluster", fmt::format("{} segments are not archived", waiting),
                     fmt::format("They are in {}/pg_wal, and archive_status has a file NAME.ready for each: archive "
                                 "them from there before you remove the old cluster.",
                                 context.old_dir().string()));
    }
    return warnings.json();
}

nlohmann::json result_of(const Context &context, const nlohmann::json &files, const ControlData &control) {
    return {{"files", files},
            {"checkpoint_location", control.checkpoint_location},
            {"timeline", control.timeline},
            {"warnings", warnings_of_stop(context)}};
}

}  // namespace

Found Stop::probe(const Context &context) const {
    if (!std::filesystem::exists(context.node.guard_flag())) {
        return {};
    }
    // pg_autoctl, on its way out, ends whatever server runs on PGDATA: pg_upgrade's, too
    const bool has_ended =
        Service(context.node, Installation::from(context.journal).unit).has_ended() && !context.node.running_server();
    const auto control = control_of(context);
    return has_ended && control.state == clean_state(context.role())
               ? Found::done(result_of(context, carried_files(context), control))
               : Found{Progress::Partial};
}

nlohmann::json Stop::perform(const Context &context) const {
    const auto &node = context.node;
    const auto files = carried_files(context);
    if (context.role() != Role::Primary && !std::filesystem::exists(node.guard_flag())) {
        keep_server_environment(node);
    }
    if (context.role() == Role::Secondary) {
        wait_for_replay(context);
    }
    try {
        stop_cleanly(context);
    } catch (const HelperError &error) {
        RefusedLimit(context).require(error.what());
        throw;
    }
    const auto control = control_of(context);
    if (node.running_server() || control.state != clean_state(context.role())) {
        throw HelperError(ExitCode::StepFailed,
                          fmt::format("the server in \"{}\" is \"{}\" after its service was stopped, not \"{}\"",
                                      node.pgdata.string(), control.state, clean_state(context.role())),
                          "See why it does not stop cleanly in the server's log, and run pgaf-upgrade run again.");
    }
    return result_of(context, files, control);
}

// The old cluster serves again; a primary is waited for, since what its standbys do next depends on it.
void Stop::undo(const Context &context) const {
    if (context.role() == Role::Secondary) {
        const auto own =
            std::stoull(context.journal.result(steps::kDiscover).at("old_sysidentifier").get<std::string>());
        context.wait_until("the primary to have the old identifier put back", std::chrono::hours(1), [&] {
            return context.monitor.report_of(context.node.nodeid).sysidentifier == std::to_string(to_bigint(own));
        });
    }
    start_service(context);
    if (context.role() == Role::Primary) {
        wait_for_healthy_primary(context, std::chrono::minutes(10));
    } else if (context.role() == Role::Monitor) {
        context.wait_until("the monitor to serve", std::chrono::minutes(5), [&] {
            context.monitor.require();
            return true;
        });
    }
}

}  // namespace pgaf
