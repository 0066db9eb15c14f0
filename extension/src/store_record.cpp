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
        "VALUES ($1::bigint, $2::bigint, nullif($3, ''), $4, nullif($5, ''), "
        "        CASE WHEN pg_catalog.length($6) > 2000 THEN pg_catalog.left($6, 1997) || '...' ELSE $6 END)",
        {runid, nodeid, step, kind, state, message});
    if (!state.empty()) {
        query(
            "SELECT pg_catalog.pg_notify('pgaf_upgrade', pg_catalog.json_build_object("
            "           'run', $1::bigint, 'node', $2::bigint, 'step', nullif($3, ''), 'kind', $4, 'state', $5)::text)",
            {runid, nodeid, step, kind, state});
    }
}

bool was_recorded(std::int64_t runid, std::int64_t nodeid, const char *kind, std::string_view state) {
    return query(
               "SELECT EXISTS (SELECT FROM pgaf_upgrade.event WHERE runid = $1::bigint AND nodeid = $2::bigint "
               "                  AND kind = $3 AND state = $4)",
               {runid, nodeid, kind, state})
        .at(0)
        .boolean(0);
}

bool record_check(std::int64_t runid, std::int64_t nodeid, const std::string &check_name, const std::string &severity,
                  bool passed, const Text &found, const Text &meaning, const Text &remedy, bool data_loss,
                  const Text &detail) {
    // A waiver holds for what was found when it was given, not for whatever is found later.
    return query(
               "WITH before AS MATERIALIZED "
               "     (SELECT b.passed, b.found FROM pgaf_upgrade.check_result b "
               "       WHERE b.runid = $1::bigint AND b.nodeid = $2::bigint AND b.check_name = $3) "
               "INSERT INTO pgaf_upgrade.check_result AS c "
               "       (runid, nodeid, check_name, severity, passed, found, meaning, remedy, data_loss, detail) "
               "VALUES ($1::bigint, $2::bigint, $3, $4, $5::boolean, $6, $7, $8, $9::boolean, $10) "
               "ON CONFLICT (runid, nodeid, check_name) DO UPDATE "
               "SET severity = excluded.severity, passed = excluded.passed, found = excluded.found, "
               "    meaning = excluded.meaning, remedy = excluded.remedy, data_loss = excluded.data_loss, "
               "    detail = excluded.detail, "
               "    reported_at = excluded.reported_at, "
               "    (waived_at, waived_by, waive_reason) = "
               "    (SELECT c.waived_at, c.waived_by, c.waive_reason "
               "      WHERE c.found IS NOT DISTINCT FROM excluded.found AND NOT excluded.data_loss) "
               "RETURNING NOT EXISTS (SELECT FROM before b WHERE b.passed = $5::boolean "
               "                         AND b.found IS NOT DISTINCT FROM $6)",
               {runid, nodeid, check_name, severity, passed, found, meaning, remedy, data_loss, detail})
        .at(0)
        .boolean(0);
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

std::optional<CheckResult> check_result(std::int64_t runid, std::int64_t nodeid, const std::string &check_name) {
    const auto rows = query(
        "SELECT passed, data_loss, remedy FROM pgaf_upgrade.check_result "
        " WHERE runid = $1::bigint AND nodeid = $2::bigint AND check_name = $3",
        {runid, nodeid, check_name});
    if (rows.empty()) {
        return std::nullopt;
    }
    return CheckResult{rows.at(0).boolean(0), rows.at(0).boolean(1), rows.at(0).text(2)};
}

void waive_check(std::int64_t runid, std::int64_t nodeid, const std::string &check_name, const std::string &reason) {
    query(
        "UPDATE pgaf_upgrade.check_result SET waived_at = pg_catalog.clock_timestamp(), "
        "       waived_by = SESSION_USER, waive_reason = $4 "
        " WHERE runid = $1::bigint AND nodeid = $2::bigint AND check_name = $3",
        {runid, nodeid, check_name, reason});
}

}  // namespace pgaf::store
