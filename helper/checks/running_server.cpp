#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "checks/check.hpp"
#include "configuration/archive.hpp"
#include "configuration/configuration.hpp"

namespace pgaf {

namespace {

Findings server_runs(Subject &subject) {
    if (!subject.node.running_server()) {
        return {{fmt::format("no server runs in \"{}\"", subject.node.pgdata.string())}};
    }
    try {
        auto server = subject.node.connect_locally();
        if (server.single("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user") != "t") {
            return {{"the local connection is not that of a superuser"}};
        }
    } catch (const HelperError &error) {
        return {{error.what()}};
    }
    return {};
}

Findings old_configuration(Subject &subject) {
    Findings findings;
    for (const auto &message : configuration_errors(subject.installation.old_bindir, subject.node.data_dir)) {
        findings.push_back({message});
    }
    return findings;
}

// But for what pg_autoctl takes out of its own file when it promotes a standby; and for a value that was in a file and
// is there no more, which PostgreSQL 15 has pending until its next start where it has the default.
constexpr const char *kPendingRestart =
    "SELECT pg_catalog.format('%s is %s, and another value is in the files', name, setting)"
    "  FROM pg_catalog.pg_settings s"
    " WHERE pending_restart AND name <> 'recovery_target_timeline'"
    "   AND (source = 'configuration file'"
    "        OR EXISTS (SELECT 1 FROM pg_catalog.pg_file_settings f WHERE f.name = s.name))"
    " ORDER BY name";

constexpr const char *kPreparedTransactions =
    "SELECT pg_catalog.format('transaction %L of %s in database %I, since %s', gid, owner, database,"
    "       pg_catalog.to_char(prepared, 'YYYY-MM-DD HH24:MI:SS'))"
    "  FROM pg_catalog.pg_prepared_xacts ORDER BY gid";

constexpr const char *kLogicalSlots =
    "SELECT pg_catalog.format('logical slot %I in database %I, %s, %s not confirmed', slot_name, database,"
    "         coalesce((SELECT pg_catalog.format('used by process %s, application %s', a.pid,"
    "                                            coalesce(nullif(a.application_name, ''), '-'))"
    "                     FROM pg_catalog.pg_stat_activity a WHERE a.pid = s.active_pid), 'not in use'),"
    "         pg_catalog.pg_size_pretty(pg_catalog.pg_wal_lsn_diff("
    "           CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn()"
    "                ELSE pg_catalog.pg_current_wal_lsn() END, confirmed_flush_lsn))),"
    "       pg_catalog.format('Its owner stops the consumer before the switch, when it has confirmed everything. After "
    "the upgrade, in database %I: SELECT pg_create_logical_replication_slot(%L, %L); what was written until then it "
    "has to copy: a subscriber by %s.', database, slot_name, plugin,"
    "         'DROP SUBSCRIPTION and CREATE SUBSCRIPTION, Debezium by a new snapshot')"
    "  FROM pg_catalog.pg_replication_slots s WHERE slot_type = 'logical' AND NOT temporary ORDER BY 1";

constexpr const char *kPhysicalSlots =
    "SELECT pg_catalog.format('physical slot %I', slot_name) FROM pg_catalog.pg_replication_slots"
    " WHERE slot_type = 'physical' AND NOT temporary"
    "   AND slot_name NOT LIKE 'pgautofailover\\_standby\\_%' ORDER BY 1";

constexpr const char *kSubscriptions =
    "SELECT pg_catalog.format('subscription %I in database %I', s.subname, d.datname)"
    "  FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid ORDER BY 1";

constexpr const char *kLongTransactions =
    "SELECT pg_catalog.format('process %s of %s in database %I, application %s, since %s', pid, usename,"
    "       datname, coalesce(nullif(application_name, ''), '-'),"
    "       pg_catalog.to_char(xact_start, 'YYYY-MM-DD HH24:MI:SS'))"
    "       || CASE WHEN backend_xid IS NULL THEN ', has written nothing' ELSE ', has written' END"
    "  FROM pg_catalog.pg_stat_activity"
    " WHERE backend_type = 'client backend' AND xact_start < pg_catalog.now() - interval '1 min'"
    " ORDER BY xact_start";

constexpr const char *kBaseBackups =
    "SELECT pg_catalog.format('process %s: %s', pid, phase) FROM pg_catalog.pg_stat_progress_basebackup";

Findings archiving(Subject &subject) {
    const auto archives = archiving_of(subject.server());
    if (archives.empty() || !subject.node.options.archive.empty()) {
        return {};
    }
    return {{archives}};
}

Findings restore_command(Subject &subject) {
    const auto command = subject.setting("restore_command");
    if (command.empty()) {
        return {};
    }
    return {{fmt::format("restore_command is {}", command)}};
}

Findings commit_timestamps(Subject &subject) {
    return subject.setting("track_commit_timestamp") == "on" ? Findings{{"track_commit_timestamp is on"}} : Findings{};
}

}  // namespace

std::vector<Check> server_checks() {
    return {
        {"server_runs", Severity::Error, Where::EveryNode, "what the new cluster needs is asked from the running old",
         "Start the node's service, and see that its owner may connect over the Unix socket as a superuser.",
         server_runs},
        {"old_configuration", Severity::Error, Where::EveryNode,
         "a rollback starts the old server once more, and it would not start",
         "Mend the configuration file; pg_file_settings shows it.", old_configuration},
        {"pending_restart", Severity::Warning, Where::EveryNode, "with the upgrade the other value comes into force",
         "Restart PostgreSQL, or take the line back.", rows_of_server(kPendingRestart)},
        {"prepared_transactions", Severity::Error, Where::Upgraded, "pg_upgrade refuses a cluster that has some",
         "COMMIT PREPARED or ROLLBACK PREPARED each of them.", rows_of_server(kPreparedTransactions)},
        {"logical_slots", Severity::Warning, Where::Upgraded, "slots of PostgreSQL 15 are not carried over",
         "Make them again after the upgrade, and know that their consumers miss what lies between.",
         rows_of_server(kLogicalSlots)},
        {"physical_slots", Severity::Warning, Where::Upgraded, "pg_upgrade carries no physical slot over",
         "Make it again after the upgrade: SELECT pg_create_physical_replication_slot(name).",
         rows_of_server(kPhysicalSlots)},
        {"subscriptions", Severity::Note, Where::Upgraded,
         "it is carried: the new cluster goes on where the old one has stopped",
         "Nothing. Do not enable, refresh or drop it until the step statistics has carried it.",
         rows_of_server(kSubscriptions)},
        {"long_transactions", Severity::Warning, Where::Upgraded, "the switch ends it, and what it did is undone",
         "Let it come to its end before you approve.", rows_of_server(kLongTransactions)},
        {"base_backup_runs", Severity::Warning, Where::EveryNode, "the switch ends the base backup",
         "Let it come to its end before you approve.", rows_of_server(kBaseBackups)},
        {"archiving", Severity::Error, Where::EveryNode,
         "a new system identifier and timeline 1 in the same archive make later restores fail",
         "Choose with --archive, or archive=… in /etc/pgaf-upgrade.conf on every node: pause (WAL is kept until you"
         " set archive_command again), keep, or the command for a new place.",
         archiving},
        {"restore_command", Severity::Warning, Where::EveryNode, "it brings WAL of the old cluster to a new standby",
         "Let it read from the new place, as soon as there is one.", restore_command},
        {"commit_timestamps", Severity::Warning, Where::Upgraded, "the old transactions' timestamps are not carried",
         "Keep what you need of pg_last_committed_xact() and pg_xact_commit_timestamp() elsewhere.",
         commit_timestamps}};
}

}  // namespace pgaf
