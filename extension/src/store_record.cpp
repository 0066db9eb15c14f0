#include "src/store.hpp"

#include "src/pg/spi.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::store {

using pg::query;

void record_event(std::optional<std::int64_t> runid, std::optional<std::int64_t> nodeid, std::string_view step,
                  const char *kind, std::string_view state, const Text &message) {
    query(
        "INSERT INTO pgaf_upgrade.event (runid, nodeid, step, kind, state, message) "
        "VALUES ($1::bigint, $2::bigint, nullif($3, ''), $4, nullif($5, ''), $6)",
        {runid, nodeid, step, kind, state, message});
    if (!state.empty()) {
        query(
            "SELECT pg_catalog.pg_notify('pgaf_upgrade', pg_catalog.json_build_object("
            "           'run', $1::bigint, 'node', $2::bigint, 'step', nullif($3, ''), 'state', $4)::text)",
            {runid, nodeid, step, state});
    }
}

void record_check(std::int64_t runid, std::int64_t nodeid, const std::string &check_name, const std::string &severity,
                  bool passed, const Text &found, const Text &meaning, const Text &remedy) {
    // A waiver holds for what was found when it was given, not for whatever is found later.
    query(
        "INSERT INTO pgaf_upgrade.check_result AS c "
        "       (runid, nodeid, check_name, severity, passed, found, meaning, remedy) "
        "VALUES ($1::bigint, $2::bigint, $3, $4, $5::boolean, $6, $7, $8) "
        "ON CONFLICT (runid, nodeid, check_name) DO UPDATE "
        "SET severity = excluded.severity, passed = excluded.passed, found = excluded.found, "
        "    meaning = excluded.meaning, remedy = excluded.remedy, reported_at = excluded.reported_at, "
        "    waived_at = CASE WHEN c.found IS NOT DISTINCT FROM excluded.found THEN c.waived_at END, "
        "    waived_by = CASE WHEN c.found IS NOT DISTINCT FROM excluded.found THEN c.waived_by END, "
        "    waive_reason = CASE WHEN c.found IS NOT DISTINCT FROM excluded.found THEN c.waive_reason END",
        {runid, nodeid, check_name, severity, passed, found, meaning, remedy});
}

std::vector<FailedCheck> checks_in_the_way(std::int64_t runid) {
    const auto rows = query(
        "SELECT n.nodename, c.check_name, coalesce(c.remedy, '') FROM pgaf_upgrade.check_result c "
        "  JOIN pgaf_upgrade.node n ON n.runid = c.runid AND n.nodeid = c.nodeid "
        " WHERE c.runid = $1::bigint AND c.severity = 'error' AND NOT c.passed AND c.waived_at IS NULL "
        " ORDER BY n.nodeid, c.check_name",
        {runid});
    std::vector<FailedCheck> checks;
    for (const auto &row : rows) {
        checks.push_back({row.string(0), row.string(1), row.string(2)});
    }
    return checks;
}

std::vector<std::int64_t> waive_check(std::int64_t runid, const std::string &node, const std::string &check_name,
                                      const std::string &reason) {
    const auto rows = query(
        "UPDATE pgaf_upgrade.check_result c SET waived_at = pg_catalog.clock_timestamp(), "
        "       waived_by = SESSION_USER, waive_reason = $4 "
        "  FROM pgaf_upgrade.node n "
        " WHERE n.runid = c.runid AND n.nodeid = c.nodeid AND c.runid = $1::bigint AND n.nodename = $2 "
        "   AND c.check_name = $3 RETURNING c.nodeid",
        {runid, node, check_name, reason});
    std::vector<std::int64_t> nodes;
    for (const auto &row : rows) {
        nodes.push_back(row.integer(0));
    }
    return nodes;
}

}  // namespace pgaf::store
