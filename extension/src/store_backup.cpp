#include "src/store_backup.hpp"

#include "src/pg/spi.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::store {

using pg::query;

bool is_past(const std::string &time) {
    return query("SELECT pg_catalog.isfinite($1::timestamptz) AND $1::timestamptz <= pg_catalog.clock_timestamp()",
                 {time})
        .at(0)
        .boolean(0);
}

bool is_before(const std::string &one, const std::string &other) {
    return query("SELECT $1::timestamptz < $2::timestamptz", {one, other}).at(0).boolean(0);
}

std::optional<RecordedBackup> backup_of_label(const Backup &backup) {
    const auto rows = query(
        "SELECT backupid, pg_catalog.to_char(taken_at, 'YYYY-MM-DD HH24:MI:SS'), taken_at = $5::timestamptz, "
        "       claimed "
        "  FROM pgaf_upgrade.backup "
        " WHERE label = $1 AND tool = $2 AND formationid IS NOT DISTINCT FROM $3 "
        "   AND nodeid IS NOT DISTINCT FROM $4::bigint",
        {backup.label, backup.tool, backup.formation, backup.nodeid, backup.taken_at});
    if (rows.empty()) {
        return std::nullopt;
    }
    return RecordedBackup{rows.at(0).integer(0), rows.at(0).string(1), rows.at(0).boolean(2), rows.at(0).boolean(3)};
}

std::int64_t insert_backup(const Backup &backup) {
    return query(
               "INSERT INTO pgaf_upgrade.backup (runid, formationid, nodeid, nodename, label, tool, taken_at, "
               "                                 location, verified_at, note, claimed) "
               "VALUES ($1::bigint, $2, $3::bigint, $4, $5, $6, $7::timestamptz, $8, $9::timestamptz, $10, "
               "        $11::boolean) "
               "RETURNING backupid",
               {backup.runid, backup.formation, backup.nodeid, backup.node, backup.label, backup.tool, backup.taken_at,
                backup.location, backup.verified_at, backup.note, backup.is_claim})
        .at(0)
        .integer(0);
}

void update_backup(std::int64_t backupid, const Backup &backup) {
    query(
        "UPDATE pgaf_upgrade.backup SET runid = coalesce($2::bigint, runid), location = coalesce($3, location), "
        "       verified_at = coalesce($4::timestamptz, verified_at), note = coalesce($5, note), "
        "       claimed = claimed AND $6::boolean, "
        "       recorded_by = CASE WHEN $6::boolean THEN recorded_by ELSE SESSION_USER END, "
        "       by_address = CASE WHEN $6::boolean THEN by_address "
        "                         ELSE pg_catalog.host(pg_catalog.inet_client_addr()) END "
        " WHERE backupid = $1::bigint",
        {backupid, backup.runid, backup.location, backup.verified_at, backup.note, backup.is_claim});
}

std::optional<std::int64_t> active_run_of_formation(const std::string &formation) {
    const auto rows = query(
        "SELECT r.runid FROM pgaf_upgrade.run r JOIN pgaf_upgrade.node n ON n.runid = r.runid "
        " WHERE n.formationid = $1 AND r.state NOT IN ('finished', 'aborted') ORDER BY r.runid DESC LIMIT 1",
        {formation});
    return rows.empty() ? std::nullopt : std::optional(rows.at(0).integer(0));
}

}  // namespace pgaf::store
