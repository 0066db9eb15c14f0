#include "src/store_maintenance.hpp"

#include "src/pg/spi.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::store {

using pg::query;

std::optional<MaintenanceWindow> open_maintenance(std::int64_t nodeid) {
    const auto rows = query(
        "SELECT maintenanceid, runid, nodename, formationid, "
        "       pg_catalog.to_char(started_at, 'YYYY-MM-DD HH24:MI:SS'), started_by "
        "  FROM pgaf_upgrade.maintenance WHERE nodeid = $1::bigint AND ended_at IS NULL",
        {nodeid});
    if (rows.empty()) {
        return std::nullopt;
    }
    const auto &row = rows.at(0);
    MaintenanceWindow window;
    window.maintenanceid = row.integer(0);
    if (!row.is_null(1)) {
        window.runid = row.integer(1);
    }
    window.node = row.string(2);
    window.formation = row.string(3);
    window.started_at = row.string(4);
    window.started_by = row.string(5);
    return window;
}

std::vector<NamedNode> nodes_in_open_maintenance() {
    std::vector<NamedNode> nodes;
    for (const auto &row :
         query("SELECT nodeid, nodename, formationid FROM pgaf_upgrade.maintenance WHERE ended_at IS NULL")) {
        nodes.push_back({row.integer(0), row.string(1), row.string(2)});
    }
    return nodes;
}

std::int64_t begin_maintenance(std::optional<std::int64_t> runid, std::int64_t nodeid, const std::string &reason) {
    return query(
               "INSERT INTO pgaf_upgrade.maintenance (runid, nodeid, nodename, formationid, groupid, "
               "                                      reported_at_start, assigned_at_start, reason) "
               "SELECT $1::bigint, nodeid, nodename, formationid, groupid, reportedstate, goalstate, $3 "
               "  FROM pgautofailover.node WHERE nodeid = $2::bigint RETURNING maintenanceid",
               {runid, nodeid, reason})
        .at(0)
        .integer(0);
}

void end_maintenance(std::int64_t maintenanceid, const Text &reason) {
    query(
        "UPDATE pgaf_upgrade.maintenance m SET ended_at = pg_catalog.clock_timestamp(), ended_by = SESSION_USER, "
        "       end_reason = $2, "
        "       reported_at_end = (SELECT reportedstate FROM pgautofailover.node n WHERE n.nodeid = m.nodeid), "
        "       assigned_at_end = (SELECT goalstate FROM pgautofailover.node n WHERE n.nodeid = m.nodeid) "
        " WHERE maintenanceid = $1::bigint",
        {maintenanceid, reason});
}

void begin_maintenance_of_run(std::int64_t runid, std::int64_t nodeid) {
    query(
        "INSERT INTO pgaf_upgrade.maintenance AS m (runid, nodeid, nodename, formationid, groupid, started_at, "
        "                                           reported_at_start, assigned_at_start, reason) "
        "SELECT n.runid, n.nodeid, n.nodename, n.formationid, n.groupid, s.finished_at, c.reportedstate, "
        "       c.goalstate, pg_catalog.format('upgrade, run %s', n.runid) "
        "  FROM pgaf_upgrade.node n JOIN pgaf_upgrade.step s ON s.runid = n.runid AND s.nodeid = n.nodeid "
        "  LEFT JOIN pgautofailover.node c ON c.nodeid = n.nodeid "
        " WHERE n.runid = $1::bigint AND n.nodeid = $2::bigint AND s.name = 'enter_maintenance' "
        "ON CONFLICT (nodeid) WHERE ended_at IS NULL DO UPDATE SET runid = coalesce(m.runid, excluded.runid)",
        {runid, nodeid});
}

void end_maintenance_of_run(std::int64_t runid, std::int64_t nodeid, const char *reason) {
    query(
        "UPDATE pgaf_upgrade.maintenance m "
        "   SET ended_at = coalesce(s.finished_at, pg_catalog.clock_timestamp()), ended_by = SESSION_USER, "
        "       end_reason = pg_catalog.format('%s, run %s', $3, m.runid), "
        "       reported_at_end = (SELECT reportedstate FROM pgautofailover.node n WHERE n.nodeid = m.nodeid), "
        "       assigned_at_end = (SELECT goalstate FROM pgautofailover.node n WHERE n.nodeid = m.nodeid) "
        "  FROM pgaf_upgrade.step s "
        " WHERE m.runid = $1::bigint AND m.nodeid = $2::bigint AND m.ended_at IS NULL "
        "   AND s.runid = m.runid AND s.nodeid = m.nodeid AND s.name = 'rejoin'",
        {runid, nodeid, reason});
}

bool start_maintenance(std::int64_t nodeid) {
    return query("SELECT pgautofailover.start_maintenance($1::bigint)", {nodeid}).at(0).boolean(0);
}

bool stop_maintenance(std::int64_t nodeid) {
    return query("SELECT pgautofailover.stop_maintenance($1::bigint)", {nodeid}).at(0).boolean(0);
}

}  // namespace pgaf::store
