#include <fmt/format.h>

#include "checks/check.hpp"
#include "configuration/conf_includes.hpp"
#include "system/files.hpp"

namespace pgaf {

namespace {

// The monitor looks at every node, a data node at itself.
Findings nodes_settled(Subject &subject) {
    const auto rows = subject.monitor().query(
        "SELECT nodename, reportedstate::text AS reported, goalstate::text AS goal, health,"
        "       reporttime < pg_catalog.now() - interval '30 s' AS is_old"
        "  FROM pgautofailover.node WHERE $1::bigint IN (0, nodeid) ORDER BY nodeid",
        {std::to_string(subject.node.nodeid)});
    Findings findings;
    for (int row = 0; row < rows.size(); ++row) {
        const auto name = rows.text(row, "nodename");
        const auto reported = rows.text(row, "reported");
        const auto goal = rows.text(row, "goal");
        if (reported != goal) {
            findings.push_back({fmt::format("{} is in state {} and shall be {}", name, reported, goal)});
        } else if (reported != "primary" && reported != "secondary" && reported != "single") {
            findings.push_back({fmt::format("{} is in state {}", name, reported)});
        }
        if (rows.text(row, "health") != "1") {
            findings.push_back({fmt::format("the monitor does not find {} healthy", name)});
        }
        if (rows.text(row, "is_old") == "t") {
            findings.push_back({fmt::format("pg_autoctl of {} no longer reports to the monitor", name)});
        }
    }
    return findings;
}

Findings one_primary(Subject &subject) {
    const auto rows = subject.monitor().query(
        "SELECT formationid, groupid,"
        "       count(*) FILTER (WHERE reportedstate::text IN ('primary', 'single', 'wait_primary')) AS primaries"
        "  FROM pgautofailover.node GROUP BY 1, 2 HAVING"
        "       count(*) FILTER (WHERE reportedstate::text IN ('primary', 'single', 'wait_primary')) <> 1");
    Findings findings;
    for (int row = 0; row < rows.size(); ++row) {
        findings.push_back({fmt::format("group {} of formation \"{}\" has {} primaries", rows.text(row, "groupid"),
                                        rows.text(row, "formationid"), rows.text(row, "primaries"))});
    }
    return findings;
}

Findings citus(Subject &subject) {
    const auto rows = subject.monitor().query(
        "SELECT formationid FROM pgautofailover.formation WHERE kind::text = 'citus' AND EXISTS"
        " (SELECT FROM pgautofailover.node n WHERE n.formationid = formation.formationid AND $1::bigint IN (0, "
        "n.nodeid))",
        {std::to_string(subject.node.nodeid)});
    Findings findings;
    for (int row = 0; row < rows.size(); ++row) {
        findings.push_back({fmt::format("formation \"{}\" is one of Citus", rows.text(row, "formationid"))});
    }
    return findings;
}

// pg_auto_failover takes the number back only when there are standbys enough for it.
constexpr const char *kSyncStandbys =
    "SELECT pg_catalog.format('formation \"%s\" has number_sync_standbys = %s, and group %s has %s standbys in the "
    "quorum',"
    "       formationid, f.number_sync_standbys, n.groupid, count(*) - 1)"
    "  FROM pgautofailover.formation f JOIN pgautofailover.node n USING (formationid)"
    " WHERE n.replicationquorum AND f.number_sync_standbys > 0"
    " GROUP BY formationid, f.number_sync_standbys, n.groupid"
    " HAVING count(*) - 1 < f.number_sync_standbys + 1";

constexpr const char *kFailoverCandidates =
    "SELECT pg_catalog.format('group %s of formation \"%s\" has fewer than two nodes with a candidate priority above "
    "0',"
    "       groupid, formationid)"
    "  FROM pgautofailover.node GROUP BY formationid, groupid"
    " HAVING count(*) > 1 AND count(*) FILTER (WHERE candidatepriority > 0) < 2";

Findings standbys_stream(Subject &subject) {
    if (subject.is_secondary() || subject.is_monitor()) {
        return {};
    }
    const auto others = subject.monitor().query(
        "SELECT o.nodename, o.nodeid FROM pgautofailover.node n JOIN pgautofailover.node o USING (formationid, groupid)"
        " WHERE n.nodeid = $1::bigint AND o.nodeid <> n.nodeid ORDER BY o.nodeid",
        {std::to_string(subject.node.nodeid)});
    Findings findings;
    for (int row = 0; row < others.size(); ++row) {
        const auto slot = fmt::format("pgautofailover_standby_{}", others.text(row, "nodeid"));
        if (subject.server().single("SELECT count(*) FROM pg_catalog.pg_stat_replication"
                                    " WHERE application_name = $1 AND state = 'streaming'",
                                    {slot}) == "0") {
            findings.push_back({fmt::format("{} does not stream from this node", others.text(row, "nodename"))});
        }
    }
    return findings;
}

Findings replication_lag(Subject &subject) {
    if (subject.is_secondary() || subject.is_monitor()) {
        return {};
    }
    return rows_of_server(
        "SELECT pg_catalog.format('%s has %s of WAL to replay', application_name, pg_catalog.pg_size_pretty("
        "       pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), replay_lsn)))"
        "  FROM pg_catalog.pg_stat_replication WHERE application_name LIKE 'pgautofailover\\_standby\\_%'"
        "   AND pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), replay_lsn) > 64 * 1024 * 1024")(subject);
}

Findings replay_runs(Subject &subject) {
    const auto state = subject.server().single("SELECT pg_catalog.pg_get_wal_replay_pause_state()");
    if (state == "not paused") {
        return {};
    }
    return {{fmt::format("the replay of WAL is {}", state)}};
}

Findings apply_delay(Subject &subject) {
    const auto delay = subject.setting("recovery_min_apply_delay");
    return delay == "0" ? Findings{} : Findings{{fmt::format("recovery_min_apply_delay is {}", delay)}};
}

// By the connection that pg_autoctl gave this standby, as the step `rebuild` does.
Findings base_backup_connection(Subject &subject) {
    const auto file = subject.node.data_dir / "postgresql-auto-failover-standby.conf";
    if (!std::filesystem::exists(file)) {
        return {{fmt::format("\"{}\" is missing", file.string())}};
    }
    const auto conninfo = last_value_of(read_file(file), "primary_conninfo");
    try {
        const Connection connection(conninfo + " replication=true");
    } catch (const PgError &error) {
        return {{error.what()}};
    }
    return {};
}

// pg_basebackup takes two, and each standby keeps one.
Findings wal_senders(Subject &subject) {
    if (subject.is_secondary() || subject.is_monitor()) {
        return {};
    }
    const auto rows = subject.server().query(
        "SELECT setting::int AS most, (SELECT count(*) FROM pg_catalog.pg_stat_replication) AS used"
        "  FROM pg_catalog.pg_settings WHERE name = 'max_wal_senders'");
    const int most = std::atoi(rows.text(0, "most").c_str());
    const int used = std::atoi(rows.text(0, "used").c_str());
    if (most >= 2 * used) {
        return {};
    }
    return {{fmt::format("max_wal_senders is {}, and {} are in use", most, used)}};
}

}  // namespace

std::vector<Check> cluster_checks() {
    return {{"nodes_settled", Severity::Error, Where::EveryNode, "only a healthy node in its final state is upgraded",
             "See pg_autoctl show state and the journal of the node's unit.", nodes_settled},
            {"one_primary", Severity::DataLoss, Where::Monitor, "it would not be clear which node's data count",
             "See pg_autoctl show state, and wait until the group has its one primary.", one_primary},
            {"citus", Severity::DataLoss, Where::EveryNode, "formations of Citus are not upgraded yet",
             "Upgrade it by hand, or leave it out of the run.", citus},
            {"sync_standbys", Severity::Error, Where::Monitor,
             "the number is set to 0 for the switch and could not be put back",
             "pg_autoctl set formation number-sync-standbys, or add a standby.", rows_of_monitor(kSyncStandbys)},
            {"failover_candidates", Severity::Warning, Where::Monitor, "no node could take over from the primary",
             "pg_autoctl set node candidate-priority", rows_of_monitor(kFailoverCandidates)},
            {"standbys_stream", Severity::Error, Where::DataNode, "it would not have the primary's last changes",
             "See the log of that node's PostgreSQL.", standbys_stream},
            {"replication_lag", Severity::Warning, Where::DataNode,
             "the switch waits until it has caught up, and refuses writes all the while",
             "Wait for it, or see what holds it up.", replication_lag},
            {"replay_runs", Severity::Error, Where::Secondary, "it would never reach the primary's last checkpoint",
             "SELECT pg_wal_replay_resume();", replay_runs},
            {"apply_delay", Severity::Error, Where::Secondary,
             "it replays the primary's last checkpoint only so much later, and the switch waits for it",
             "ALTER SYSTEM RESET recovery_min_apply_delay, or take the line out; reload; and put it back afterwards.",
             apply_delay},
            {"base_backup_connection", Severity::Error, Where::Secondary,
             "this standby is rebuilt by pg_basebackup over that connection",
             "See that pg_hba.conf of every data node lets this node in for replication.", base_backup_connection},
            {"wal_senders", Severity::Error, Where::DataNode, "pg_basebackup needs two for each standby",
             "Raise max_wal_senders, and restart.", wal_senders}};
}

}  // namespace pgaf
