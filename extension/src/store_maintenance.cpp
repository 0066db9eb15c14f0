#include "src/store.hpp"

#include "src/pg/spi.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::store {

using pg::query;

std::optional<MaintenanceWindow> open_maintenance(std::int64_t nodeid) {
    const auto rows = query(
        "SELECT maintenanceid, runid, by_run, pg_catalog.to_char(started_at, 'YYYY-MM-DD HH24:MI:SS'), started_by "
        "  FROM pgaf_upgrade.maintenance WHERE nodeid = $1::bigint AND ended_at IS NULL",
        {nodeid});
    if (rows.empty()) {
        return std::nullopt;
    }
    const auto &row = rows.at(0);
    return MaintenanceWindow{row.integer(0), row.is_null(1) ? std::nullopt : std::optional(row.integer(1)),
                             row.boolean(2), row.string(3), row.string(4)};
}

std::int64_t begin_maintenance(std::optional<std::int64_t> runid, const ClusterNode &node, const std::string &assigned,
                               const std::string &reason) {
    return query(
               "INSERT INTO pgaf_upgrade.maintenance "
               "       (runid, formationid, groupid, nodeid, nodename, reason, started_from, started_to) "
               "VALUES ($1::bigint, $2, $3::int, $4::bigint, $5, $6, $7, $8) RETURNING maintenanceid",
               {runid, node.formation, node.group, node.nodeid, node.name, reason, node.reported_state, assigned})
        .at(0)
        .integer(0);
}

std::int64_t end_maintenance(std::int64_t window, const std::string &reported, const std::string &assigned,
                             const Text &reason) {
    return query(
               "UPDATE pgaf_upgrade.maintenance SET ended_at = pg_catalog.clock_timestamp(), ended_by = SESSION_USER, "
               "       ended_from = $2, ended_to = $3, end_reason = $4 "
               " WHERE maintenanceid = $1::bigint RETURNING maintenanceid",
               {window, reported, assigned, reason})
        .at(0)
        .integer(0);
}

// An operator's own window goes on: it is not the run's to end.
void begin_maintenance_of_run(std::int64_t runid, std::int64_t nodeid) {
    query(
        "INSERT INTO pgaf_upgrade.maintenance "
        "       (runid, formationid, groupid, nodeid, nodename, by_run, reason, started_at, started_from, started_to) "
        "SELECT n.runid, n.formationid, n.groupid, n.nodeid, n.nodename, true, pg_catalog.format('upgrade, run %s', "
        "n.runid), "
        "       coalesce(s.finished_at, pg_catalog.clock_timestamp()), n.role, 'maintenance' "
        "  FROM pgaf_upgrade.node n JOIN pgaf_upgrade.step s USING (runid, nodeid) "
        " WHERE n.runid = $1::bigint AND n.nodeid = $2::bigint AND s.name = 'enter_maintenance' "
        "ON CONFLICT (nodeid) WHERE ended_at IS NULL DO NOTHING",
        {runid, nodeid});
}

void end_maintenance_of_run(std::int64_t runid, std::int64_t nodeid) {
    query(
        "UPDATE pgaf_upgrade.maintenance m SET ended_at = coalesce(s.finished_at, pg_catalog.clock_timestamp()), "
        "       ended_by = SESSION_USER, ended_from = 'maintenance', ended_to = n.role "
        "  FROM pgaf_upgrade.step s JOIN pgaf_upgrade.node n USING (runid, nodeid) "
        " WHERE m.runid = $1::bigint AND m.nodeid = $2::bigint AND m.by_run AND m.ended_at IS NULL "
        "   AND s.runid = m.runid AND s.nodeid = m.nodeid AND s.name = 'rejoin'",
        {runid, nodeid});
}

void ask_for_maintenance(std::int64_t nodeid, bool begins) {
    query(begins ? "SELECT pgautofailover.start_maintenance($1::bigint)"
                 : "SELECT pgautofailover.stop_maintenance($1::bigint)",
          {nodeid});
}

}  // namespace pgaf::store
