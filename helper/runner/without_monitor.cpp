#include <array>
#include <span>

#include <fmt/format.h>

#include "cluster/private_server.hpp"
#include "configuration/conf_includes.hpp"
#include "node/service.hpp"
#include "postgres/conninfo.hpp"
#include "runner/runner.hpp"
#include "steps/steps.hpp"
#include "system/files.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

// What pg_autoctl writes into its cfg for a node that has none.
constexpr const char *kDisabled = "PG_AUTOCTL_DISABLED";

// Behind the switch, what needs no monitor.
constexpr std::array<std::string_view, 2> kOfPrimary{steps::kReconfigure, steps::kUpdateExtensions};
constexpr std::array<std::string_view, 3> kOfSecondary{steps::kStop, steps::kRebuild, steps::kReconfigure};

constexpr const char *kReplaceIt =
    "pg_auto_failover's manual tells how to replace a monitor online: pg_autoctl disable monitor --force on every "
    "node, pg_autoctl create monitor on a new host, pg_autoctl enable monitor on every node, the primary first.";

void stop_if_asked(const std::string &meanwhile) {
    if (stop_was_asked()) {
        throw HelperError(ExitCode::StepFailed, fmt::format("stopped by the operator while {}", meanwhile),
                          "Run pgaf-upgrade run --without-monitor again: it goes on.");
    }
}

// The major of the server that this standby streams from. Zero while it does not answer.
int major_of_primary(const Context &context) {
    const auto standby_conf =
        (context.is_swapped() ? context.old_dir() : context.node.data_dir) / "postgresql-auto-failover-standby.conf";
    const auto conninfo = last_value_of(read_file(standby_conf), "primary_conninfo");
    const auto psql = Installation::from(context.journal).new_bindir / "psql";
    const auto primary = for_program(conninfo);
    const auto answer = run({.argv = {psql.string(), "-XAtq", "--no-password", "-d", primary.text + " replication=true",
                                      "-c", "SHOW server_version_num"},
                             .environment = primary.environment,
                             .time_limit = std::chrono::seconds(30)});
    return answer.exit_code == 0 ? std::atoi(answer.output.c_str()) / 10000 : 0;
}

void wait_for_primary(const Context &context) {
    context.wait_until(fmt::format("the primary to serve at PostgreSQL {}: pgaf-upgrade run --without-monitor there",
                                   context.target()),
                       std::chrono::seconds(context.node.options.wait_limit_s), [&context] {
                           stop_if_asked("the primary was waited for");
                           return major_of_primary(context) == context.target();
                       });
}

// pg_autoctl, when no monitor tells it of other nodes, drops every slot that nobody uses: what the standbys are
// rebuilt by would be gone. A base backup, which replays nothing, uses it too, and lets go of it before its standby
// starts.
void wait_for_standbys(const Context &context) {
    context.wait_until(
        "the standbys to stream: pgaf-upgrade run --without-monitor on each (one that is lost too no longer counts "
        "when "
        "its slot is dropped: SELECT pg_drop_replication_slot('pgautofailover_standby_ID'))",
        std::chrono::seconds(context.node.options.wait_limit_s), [&context] {
            stop_if_asked("the standbys were waited for");
            return context.local_server().single(
                       "SELECT count(*) FROM pg_catalog.pg_replication_slots AS slot"
                       "  LEFT JOIN pg_catalog.pg_stat_replication AS sender ON sender.pid = slot.active_pid"
                       " WHERE slot.slot_name LIKE 'pgautofailover\\_standby\\_%' AND"
                       "       (sender.state IS DISTINCT FROM 'streaming' OR sender.replay_lsn IS NULL)") == "0";
        });
}

}  // namespace

// One that knows of the run is not lost: left behind, it would go on giving orders.
void Runner::require_lost_monitor() {
    try {
        monitor_.require();
    } catch (const HelperError &) {
        return;  // away, or a new one that has no pgaf_upgrade yet
    }
    if (monitor_.newest_run() == plan().run) {
        throw HelperError(ExitCode::Refused, "the monitor answers, and knows of this run",
                          "Go on with it: pgaf-upgrade run.");
    }
}

// The old monitor may not come back: whoever has told so has seen to it that it does not.
void Runner::leave_monitor(const Context &context) {
    if (autoctl::read_config(node_.paths.config).monitor_uri == kDisabled) {
        return;
    }
    view_.note("the monitor is taken out of pg_autoctl's configuration");
    run_checked({.argv = {Installation::from(journal_).new_autoctl.string(), "disable", "monitor", "--force",
                          "--pgdata", node_.pgdata.string()},
                 .time_limit = context.limit(std::chrono::minutes(10)),
                 .directory = node_.work_dir(),
                 .log = node_.log("pg_autoctl")});
}

// The primary's switch is ended by its journal, as while a monitor is only away; what needs the monitor is
// left to pg_auto_failover's own `enable monitor`, by which a new one takes the nodes as they are then.
ExitCode Runner::run_without_monitor() {
    if (!recall()) {
        throw HelperError(ExitCode::Refused, "this node has taken part in no upgrade", kReplaceIt);
    }
    const auto with = context(monitor_, std::string(steps::kRejoin));
    if (with.role() == Role::Monitor) {
        throw HelperError(ExitCode::Refused, "this is the monitor",
                          "It is on the data nodes that a lost monitor can be done without.");
    }
    if (is_going_back()) {
        throw HelperError(ExitCode::Refused, "the run is rolled back, and a rollback needs the monitor", kReplaceIt);
    }
    require_lost_monitor();
    const bool is_primary = with.role() == Role::Primary;
    if (is_primary && !journal_.was_begun(steps::kStop)) {
        throw HelperError(
            ExitCode::Refused,
            fmt::format("the switch has not begun: PostgreSQL {} serves, and nothing of it was changed", with.source()),
            fmt::format("{} Then start another run.", kReplaceIt));
    }
    alone_ = true;
    show_plan();
    if (is_primary) {
        for (auto step = switch_step(); !step.empty(); step = switch_step()) {
            keep_server_up(with);
            perform(step);
        }
    } else {
        wait_for_primary(with);
    }
    for (const auto step : is_primary ? std::span<const std::string_view>(kOfPrimary) : kOfSecondary) {
        keep_server_up(with);
        if (!journal_.is_done(step)) {
            perform(std::string(step));
        }
    }
    if (is_primary) {
        wait_for_standbys(with);
    }
    leave_monitor(with);
    start_service(with);
    with.wait_until("pg_autoctl to serve without a monitor", std::chrono::minutes(5), [&] {
        return Service(node_, Installation::from(journal_).unit).is_active() && node_.running_server().has_value();
    });
    if (is_primary && !journal_.is_done(steps::kStatistics)) {
        perform(std::string(steps::kStatistics));
    }
    view_.note(
        fmt::format("this node serves at PostgreSQL {0} without a monitor; {1}, on this node:\n"
                    "  {2} enable monitor URI --pgdata {3}\n  {2} reload --pgdata {3}",
                    with.target(),
                    is_primary ? "when there is a new one, before any other node"
                               : "when there is a new one, and the primary has it",
                    Installation::from(journal_).new_autoctl.string(), node_.pgdata.string()));
    return ExitCode::Done;
}

}  // namespace pgaf
