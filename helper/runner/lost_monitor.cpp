#include <fmt/format.h>

#include "cluster/private_server.hpp"
#include "configuration/conf_includes.hpp"
#include "node/service.hpp"
#include "postgres/conninfo.hpp"
#include "runner/host_workplace.hpp"
#include "system/files.hpp"
#include "system/process.hpp"

// What this host does where the monitor's host is lost for good.
namespace pgaf {

namespace {

// What pg_autoctl writes into its cfg for a node that has none.
constexpr const char *kDisabled = "PG_AUTOCTL_DISABLED";

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
    const auto conninfo = context.node.with_files_found(last_value_of(read_file(standby_conf), "primary_conninfo"));
    const auto psql = Installation::from(context.journal).new_bindir / "psql";
    const auto primary = for_program(conninfo);
    const auto answer = run({.argv = {psql.string(), "-XAtq", "--no-password", "-d", primary.text + " replication=true",
                                      "-c", "SHOW server_version_num"},
                             .environment = primary.environment,
                             .time_limit = std::chrono::seconds(30)});
    return answer.exit_code == 0 ? std::atoi(answer.output.c_str()) / 10000 : 0;
}

}  // namespace

void HostWorkplace::wait_for_primary(const Assignment &plan, const Say &say) {
    const auto with = context(plan, say);
    with.wait_until(
        fmt::format("the primary to serve at PostgreSQL {}: pgaf-upgrade run --without-monitor there", with.target()),
        std::chrono::seconds(node_.options.wait_limit_s), [&with] {
            stop_if_asked("the primary was waited for");
            return major_of_primary(with) == with.target();
        });
}

// pg_autoctl, when no monitor tells it of other nodes, drops every slot that nobody uses: what the standbys are
// rebuilt by would be gone. A base backup, which replays nothing, uses it too, and lets go of it before its standby
// starts.
void HostWorkplace::wait_for_standbys(const Assignment &plan, const Say &say) {
    const auto with = context(plan, say);
    with.wait_until(
        "the standbys to stream: pgaf-upgrade run --without-monitor on each (one that is lost too no longer counts "
        "when its slot is dropped: SELECT pg_drop_replication_slot('pgautofailover_standby_ID'))",
        std::chrono::seconds(node_.options.wait_limit_s), [&with] {
            stop_if_asked("the standbys were waited for");
            return with.local_server().single(
                       "SELECT count(*) FROM pg_catalog.pg_replication_slots AS slot"
                       "  LEFT JOIN pg_catalog.pg_stat_replication AS sender ON sender.pid = slot.active_pid"
                       " WHERE slot.slot_name LIKE 'pgautofailover\\_standby\\_%' AND"
                       "       (sender.state IS DISTINCT FROM 'streaming' OR sender.replay_lsn IS NULL)") == "0";
        });
}

// The old monitor may not come back: whoever has told so has seen to it that it does not.
bool HostWorkplace::leave_monitor(const Assignment &plan) {
    if (autoctl::read_config(node_.paths.config).monitor_uri == kDisabled) {
        return false;
    }
    run_checked({.argv = {Installation::from(journal_).new_autoctl.string(), "disable", "monitor", "--force",
                          "--pgdata", node_.pgdata.string()},
                 .time_limit = context(plan).limit(std::chrono::minutes(10)),
                 .directory = node_.work_dir(),
                 .log = node_.log("pg_autoctl")});
    return true;
}

void HostWorkplace::serve_without_monitor(const Assignment &plan, const Say &say) {
    const auto with = context(plan, say);
    start_service(with);
    with.wait_until("pg_autoctl to serve without a monitor", std::chrono::minutes(5), [this] {
        return Service(node_, Installation::from(journal_).unit).is_active() && node_.running_server().has_value();
    });
}

std::string HostWorkplace::commands_to_get_monitor(const Assignment & /*plan*/) {
    return fmt::format("{0} enable monitor URI --pgdata {1}\n  {0} reload --pgdata {1}",
                       Installation::from(journal_).new_autoctl.string(), node_.pgdata.string());
}

}  // namespace pgaf
