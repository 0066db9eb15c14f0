#include <fmt/format.h>

#include "checks/check.hpp"

namespace pgaf {

namespace {

// Those of the node's group, of any of its nodes or of the whole formation; the newest first.
constexpr const char *kBackups =
    "SELECT label, tool, pg_catalog.to_char(taken_at, 'YYYY-MM-DD HH24:MI') AS taken, verified_at IS NOT NULL AS "
    "proved,"
    "       taken_at > pg_catalog.now() - pg_catalog.make_interval(days => $2::int) AS is_recent"
    "  FROM {}.pgaf_upgrade_backups() b"
    " WHERE nodeid = $1::bigint AND nodeid = 0"
    "    OR formation = (SELECT formationid FROM pgautofailover.node n WHERE n.nodeid = $1::bigint)"
    "       AND (nodeid IS NULL OR nodeid IN (SELECT o.nodeid FROM pgautofailover.node n"
    "                JOIN pgautofailover.node o USING (formationid, groupid) WHERE n.nodeid = $1::bigint))";

std::string group_of(Subject &subject) {
    if (subject.is_monitor()) {
        return "the monitor";
    }
    const auto rows =
        subject.monitor().query("SELECT groupid, formationid FROM pgautofailover.node WHERE nodeid = $1::bigint",
                                {std::to_string(subject.node.nodeid)});
    return rows.size() == 0
               ? "this node"
               : fmt::format("group {} of formation \"{}\"", rows.text(0, "groupid"), rows.text(0, "formationid"));
}

// No ages in what was found, so that a waiver holds while they grow.
Findings backup(Subject &subject) {
    const auto schema = subject.schema_of_extension();
    if (schema.empty()) {
        return {{"the monitor has no extension pgaf_upgrade, where backups are recorded",
                 "On the monitor, in database pg_auto_failover: CREATE EXTENSION pgaf_upgrade; then pgaf-upgrade backup"
                 " on this node."}};
    }
    const auto days = subject.node.options.backup_max_age_days;
    const auto rows = subject.monitor().query(fmt::format(kBackups, schema),
                                              {std::to_string(subject.node.nodeid), std::to_string(days)});
    if (rows.size() == 0) {
        return {{fmt::format("no backup of {} is recorded", group_of(subject))}};
    }
    for (int row = 0; row < rows.size(); ++row) {
        if (rows.text(row, "proved") == "t" && rows.text(row, "is_recent") == "t") {
            return {};
        }
    }
    const auto newest = fmt::format("backup \"{}\" by {}, taken on {}", rows.text(0, "label"), rows.text(0, "tool"),
                                    rows.text(0, "taken"));
    if (rows.text(0, "is_recent") == "t") {
        return {{fmt::format("the newest, {}, was never verified", newest)}};
    }
    return {{fmt::format("the newest, {}, is older than {} days", newest, days)}};
}

}  // namespace

std::vector<Check> backup_checks() {
    return {{"backup", Severity::Error, Where::Upgraded,
             "once the new server has been written to, a backup is the only way back to the old data",
             "pgaf-upgrade backup on this node or a standby of it; or, for one of another program: SELECT"
             " pgaf_upgrade_record_backup(label, tool, taken_at, formation, verified_at => …) on the monitor.",
             backup}};
}

}  // namespace pgaf
