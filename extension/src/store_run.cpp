#include "src/store.hpp"

#include "src/pg/spi.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::store {

using pg::query;

void lock_for_start() {
    query("LOCK TABLE pgaf_upgrade.run IN SHARE ROW EXCLUSIVE MODE");
}

std::vector<std::int64_t> active_runs() {
    std::vector<std::int64_t> runs;
    for (const auto &row :
         query("SELECT runid FROM pgaf_upgrade.run WHERE state NOT IN ('finished', 'aborted') ORDER BY runid")) {
        runs.push_back(row.integer(0));
    }
    return runs;
}

std::optional<std::int64_t> active_run_of_node(std::int64_t nodeid) {
    const auto rows = query(
        "SELECT r.runid FROM pgaf_upgrade.run r JOIN pgaf_upgrade.node n ON n.runid = r.runid "
        " WHERE n.nodeid = $1::bigint AND r.state NOT IN ('finished', 'aborted') ORDER BY r.runid DESC LIMIT 1",
        {nodeid});
    return rows.empty() ? std::nullopt : std::optional(rows.at(0).integer(0));
}

std::optional<std::int64_t> active_run_of_group(const std::string &formation, int group) {
    const auto rows = query(
        "SELECT r.runid FROM pgaf_upgrade.run r JOIN pgaf_upgrade.node n ON n.runid = r.runid "
        " WHERE n.formationid = $1 AND n.groupid = $2::int AND n.nodeid <> 0 "
        "   AND r.state NOT IN ('finished', 'aborted') ORDER BY r.runid DESC LIMIT 1",
        {formation, group});
    return rows.empty() ? std::nullopt : std::optional(rows.at(0).integer(0));
}

std::int64_t insert_run(const Text &formation, const Text &groups, bool include_monitor,
                        std::optional<int> source_version, int target_version, const std::string &method,
                        const std::string &standby_method, const Text &note, const std::string &on_failure) {
    return query(
               "INSERT INTO pgaf_upgrade.run (formationid, groups, include_monitor, source_version, target_version, "
               "                              method, standby_method, note, on_failure) "
               "VALUES ($1, $2::int[], $3::boolean, $4::int, $5::int, $6, $7, $8, $9) RETURNING runid",
               {formation, groups, include_monitor,
                source_version ? pg::Param(*source_version) : pg::Param(std::nullopt), target_version, method,
                standby_method, note, on_failure})
        .at(0)
        .integer(0);
}

std::optional<RunRow> run(std::int64_t runid, bool for_update) {
    const auto sql = std::string(
                         "SELECT runid, state, include_monitor, "
                         "       not_before IS NULL OR not_before <= pg_catalog.clock_timestamp(), "
                         "       source_version, target_version, not_before, method, "
                         "       give_back_reason "
                         "  FROM pgaf_upgrade.run WHERE runid = $1::bigint") +
                     (for_update ? " FOR UPDATE" : "");
    const auto rows = query(sql.c_str(), {runid});
    if (rows.empty()) {
        return std::nullopt;
    }
    const auto &row = rows.at(0);
    RunRow result;
    result.runid = row.integer(0);
    result.state = parse_run_state(row.string(1)).value();
    result.include_monitor = row.boolean(2);
    result.time_has_come = row.boolean(3);
    if (!row.is_null(4)) {
        result.source_version = static_cast<int>(row.integer(4));
    }
    result.target_version = static_cast<int>(row.integer(5));
    result.not_before = row.text(6);
    result.method = row.string(7);
    result.give_back_reason = row.text(8);
    return result;
}

void set_run_state(std::int64_t runid, RunState state) {
    query("UPDATE pgaf_upgrade.run SET state = $2 WHERE runid = $1::bigint", {runid, to_string(state)});
}

void set_approved(std::int64_t runid, const Text &not_before) {
    query(
        "UPDATE pgaf_upgrade.run SET approved_at = coalesce(approved_at, pg_catalog.clock_timestamp()), "
        "       approved_by = coalesce(approved_by, SESSION_USER), not_before = $2::timestamptz "
        " WHERE runid = $1::bigint",
        {runid, not_before});
}

void set_not_approved(std::int64_t runid) {
    query(
        "UPDATE pgaf_upgrade.run SET approved_at = NULL, approved_by = NULL, not_before = NULL "
        " WHERE runid = $1::bigint",
        {runid});
}

void set_ended(std::int64_t runid, const Text &reason) {
    query(
        "UPDATE pgaf_upgrade.run SET ended_at = pg_catalog.clock_timestamp(), ended_by = SESSION_USER, end_reason = $2 "
        " WHERE runid = $1::bigint",
        {runid, reason});
}

void set_give_back_reason(std::int64_t runid, const Text &reason) {
    query("UPDATE pgaf_upgrade.run SET give_back_reason = $2 WHERE runid = $1::bigint", {runid, reason});
}

void begin_again(std::int64_t runid) {
    query("UPDATE pgaf_upgrade.run SET attempt = attempt + 1 WHERE runid = $1::bigint", {runid});
    set_never_begun(runid);
    query("DELETE FROM pgaf_upgrade.rollback WHERE runid = $1::bigint", {runid});
    query(
        "UPDATE pgaf_upgrade.node SET lease_digest = NULL, lease_heartbeat = NULL, new_sysidentifier = NULL "
        " WHERE runid = $1::bigint",
        {runid});
}

void set_discards_new_data(std::int64_t runid) {
    query(
        "UPDATE pgaf_upgrade.run SET discards_new_data = true, ended_at = NULL, ended_by = NULL, end_reason = NULL "
        " WHERE runid = $1::bigint",
        {runid});
}

bool has_later_run(std::int64_t runid) {
    return !query("SELECT 1 FROM pgaf_upgrade.run WHERE runid > $1::bigint AND state <> 'aborted' LIMIT 1", {runid})
                .empty();
}

void set_source_version(std::int64_t runid, int version) {
    query("UPDATE pgaf_upgrade.run SET source_version = $2::int WHERE runid = $1::bigint", {runid, version});
}

bool same_time(const Text &one, const Text &other) {
    return query("SELECT $1::timestamptz IS NOT DISTINCT FROM $2::timestamptz", {one, other}).at(0).boolean(0);
}

}  // namespace pgaf::store
