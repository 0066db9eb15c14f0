#include <array>

#include <fmt/format.h>

#include "checks/check.hpp"
#include "checks/trial.hpp"
#include "configuration/conf_includes.hpp"
#include "postgres/conninfo.hpp"
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

// The seed is read over it. What the role may not is granted for as long as that takes.
Findings seed_connection(Subject &subject) {
    const auto file = subject.node.data_dir / "postgresql-auto-failover-standby.conf";
    if (!subject.builds_by_links() || !std::filesystem::exists(file)) {
        return {};
    }
    const auto &dbname = subject.node.config.dbname;
    if (subject.server().single("SELECT coalesce((SELECT pg_catalog.has_database_privilege(r.oid, d.oid, 'CONNECT')"
                                "  FROM pg_catalog.pg_database d, pg_catalog.pg_roles r"
                                " WHERE d.datname = $1 AND r.rolname = 'pgautofailover_replicator'), false)",
                                {dbname}) == "f") {
        return {};
    }
    const auto conninfo = last_value_of(read_file(file), "primary_conninfo");
    try {
        const Connection connection(fmt::format("{} dbname={}", conninfo, quote_conninfo(dbname)));
    } catch (const PgError &error) {
        return {{error.what()}};
    }
    return {};
}

std::string file_of(const std::map<std::string, std::filesystem::path> &files, const std::string &key) {
    const auto found = files.find(key);
    return found == files.end() ? std::string() : found->second.string();
}

// As pg_autoctl makes a standby's.
std::string replication_conninfo(const Node &node, const std::string &host, const std::string &port) {
    std::map<std::string, std::string> parts{
        {"host", host}, {"port", port}, {"user", "pgautofailover_replicator"}, {"replication", "true"}};
    const auto &config = node.config;
    for (const auto &[keyword, value] : {std::pair{"sslmode", config.sslmode},
                                         {"password", config.replication_password},
                                         {"sslrootcert", file_of(config.ssl_files, "ca_file")},
                                         {"sslcrl", file_of(config.ssl_files, "crl_file")}}) {
        if (!value.empty()) {
            parts[keyword] = value;
        }
    }
    return conninfo_of(parts);
}

// pg_basebackup takes two for each of the group's standbys; consumers and others come back by one.
Findings wal_senders(Subject &subject) {
    if (subject.is_secondary() || subject.is_monitor()) {
        return {};
    }
    const auto rows = subject.server().query(
        "SELECT setting::int AS most, (SELECT count(*) FROM pg_catalog.pg_stat_replication) AS used,"
        "       (SELECT count(*) FROM pg_catalog.pg_stat_replication"
        "         WHERE application_name LIKE 'pgautofailover\\_standby\\_%') AS standbys"
        "  FROM pg_catalog.pg_settings WHERE name = 'max_wal_senders'");
    const int most = std::atoi(rows.text(0, "most").c_str());
    const int used = std::atoi(rows.text(0, "used").c_str());
    const int standbys = std::atoi(rows.text(0, "standbys").c_str());
    if (most >= used + standbys) {
        return {};
    }
    return {{fmt::format("max_wal_senders is {}, and {} are in use, {} of them by standbys of this group", most, used,
                         standbys)}};
}

// A standby does not recover where one of its own is lower than the primary's.
constexpr std::array kCompared{"max_connections", "max_worker_processes", "max_wal_senders",
                               "max_prepared_transactions", "max_locks_per_transaction"};

struct OtherNode {
    std::string name;
    std::string conninfo;
    bool is_standby = false;
};

std::vector<OtherNode> others_of_group(Subject &subject) {
    const auto rows = subject.monitor().query(
        "SELECT o.nodename, o.nodehost, o.nodeport, o.reportedstate::text = 'secondary' AS is_standby"
        "  FROM pgautofailover.node n JOIN pgautofailover.node o USING (formationid, groupid)"
        " WHERE n.nodeid = $1::bigint AND o.nodeid <> n.nodeid ORDER BY o.nodeid",
        {std::to_string(subject.node.nodeid)});
    std::vector<OtherNode> others;
    for (int row = 0; row < rows.size(); ++row) {
        others.push_back({rows.text(row, "nodename"),
                          replication_conninfo(subject.node, rows.text(row, "nodehost"), rows.text(row, "nodeport")),
                          rows.text(row, "is_standby") == "t"});
    }
    return others;
}

// What each of them runs with, against what this node is going to run with: values that wait for a restart come into
// force with the upgrade.
Findings recovery_settings(Subject &subject) {
    auto &trial = subject.trial();
    if (!trial.refused().empty()) {
        throw NotExamined("the new server refuses parameters");
    }
    std::vector<std::pair<std::string, long>> own;
    for (const auto *parameter : kCompared) {
        own.emplace_back(parameter, std::atol(trial.configured(parameter).c_str()));
    }
    const bool is_raised = std::ranges::any_of(
        own, [&](const auto &one) { return one.second > std::atol(subject.setting(one.first).c_str()); });
    Findings findings;
    for (const auto &other : others_of_group(subject)) {
        if (subject.is_secondary() && other.is_standby) {
            continue;
        }
        try {
            Connection server(other.conninfo);
            for (const auto &[parameter, value] : own) {
                const long its = std::atol(server.show(parameter).c_str());
                const bool is_lower = subject.is_secondary() ? value < its : its < value;
                if (is_lower) {
                    findings.push_back(
                        {fmt::format("{} will be {} here, and is {} on {}", parameter, value, its, other.name)});
                }
            }
        } catch (const PgError &error) {
            if (is_raised && !subject.is_secondary()) {
                findings.push_back({fmt::format("{} cannot be asked for its settings: {}", other.name, error.what())});
            }
        }
    }
    return findings;
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
            {"seed_connection", Severity::Warning, Where::Secondary,
             "this standby cannot be built by links, and is copied instead, which takes time and room",
             "Let pgautofailover_replicator into that database by pg_hba.conf of every data node, as pg_autoctl does.",
             seed_connection},
            {"wal_senders", Severity::Error, Where::DataNode, "pg_basebackup needs two for each standby",
             "Raise max_wal_senders, and restart.", wal_senders},
            {"recovery_settings", Severity::Error, Where::DataNode,
             "a standby whose value is lower than the primary's does not recover after the upgrade",
             "Set the same value on every node of the group, and restart the standbys before the primary.",
             recovery_settings}};
}

}  // namespace pgaf
