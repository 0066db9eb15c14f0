#include "src/store_cleanup.hpp"

#include "src/pg/spi.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::store {

using pg::query;

namespace {

// A backup of the new cluster is one that was taken after its primary had accepted writes: of the group, of any of its
// nodes, or of the formation.
constexpr const char *kOldClusters =
    "WITH old AS "
    "(SELECT DISTINCT ON (n.nodeid) n.*, r.source_version, r.target_version, r.method, r.ended_at "
    "   FROM pgaf_upgrade.node n JOIN pgaf_upgrade.run r USING (runid) "
    "  WHERE r.state = 'finished' ORDER BY n.nodeid, n.runid DESC), "
    "node AS "
    "(SELECT o.runid, o.nodeid, o.nodename, o.formationid, o.groupid, o.source_version, o.target_version, "
    "        CASE WHEN o.role = 'monitor' THEN 'copy' ELSE o.method END AS method, o.ended_at, "
    "        p.old_sysidentifier, p.new_sysidentifier, s.finished_at AS serves_since "
    "   FROM old o "
    "   LEFT JOIN pgaf_upgrade.node p ON p.runid = o.runid AND (p.formationid, p.groupid) = (o.formationid, o.groupid) "
    "                                AND p.role = CASE o.role WHEN 'monitor' THEN 'monitor' ELSE 'primary' END "
    "   LEFT JOIN pgaf_upgrade.step s ON s.runid = p.runid AND s.nodeid = p.nodeid AND s.name = 'start' "
    "                                AND s.state = 'done') "
    "SELECT n.runid, n.nodeid, n.nodename, n.formationid, n.source_version, n.target_version, n.method, n.ended_at, "
    "       n.ended_at > pg_catalog.clock_timestamp() - $1::int * interval '1 day', "
    "       pg_catalog.date_part('day', pg_catalog.clock_timestamp() - n.ended_at)::int, "
    "       pgaf_upgrade.sysidentifier_text(n.old_sysidentifier), "
    "       pgaf_upgrade.sysidentifier_text(n.new_sysidentifier), "
    "       (SELECT b.label FROM pgaf_upgrade.backup b "
    "         WHERE b.verified_at IS NOT NULL AND b.taken_at > n.serves_since "
    "           AND CASE WHEN n.nodeid = 0 THEN b.nodeid = 0 "
    "                    ELSE b.formationid = n.formationid "
    "                         AND (b.nodeid IS NULL OR b.nodeid = n.nodeid "
    "                              OR b.nodeid IN (SELECT m.nodeid FROM pgautofailover.node m "
    "                                               WHERE (m.formationid, m.groupid) = (n.formationid, n.groupid))) "
    "               END "
    "         ORDER BY b.taken_at DESC LIMIT 1), "
    "       (SELECT pg_catalog.string_agg(pg_catalog.format('%s: reported state %s, assigned state %s%s', m.nodename, "
    "                   m.reportedstate, m.goalstate, CASE m.health WHEN 0 THEN ', unhealthy' ELSE '' END), '; ' "
    "                   ORDER BY m.formationid, m.groupid, m.nodeid) "
    "          FROM pgautofailover.node m "
    "         WHERE (n.nodeid = 0 OR (m.formationid, m.groupid) = (n.formationid, n.groupid)) "
    "           AND (m.reportedstate <> m.goalstate OR m.health = 0 "
    "                OR m.reportedstate::text NOT IN ('primary', 'secondary', 'single'))), "
    "       n.nodeid = 0 OR EXISTS (SELECT FROM pgautofailover.node m WHERE m.nodeid = n.nodeid), "
    "       c.begun_at, c.done_at, pgaf_upgrade.text_in(c.result, 'by'), "
    "       pgaf_upgrade.number_in(c.result, '{freed_bytes}')::bigint, c.result -> 'removed' "
    "  FROM node n LEFT JOIN pgaf_upgrade.cleanup c USING (runid, nodeid) "
    " ORDER BY n.formationid = '', n.formationid, n.groupid, n.nodeid";

}  // namespace

std::vector<OldCluster> old_clusters(int older_than_days) {
    std::vector<OldCluster> clusters;
    for (const auto &row : query(kOldClusters, {older_than_days})) {
        OldCluster cluster;
        cluster.runid = row.integer(0);
        cluster.nodeid = row.integer(1);
        cluster.node = row.string(2);
        cluster.formation = row.string(3);
        cluster.source_version = row.text(4).value_or("");
        cluster.target_version = row.string(5);
        cluster.method = row.string(6);
        cluster.finished_at = row.string(7);
        cluster.is_young = row.boolean(8);
        cluster.age = row.string(9) + (row.string(9) == "1" ? " day" : " days");
        cluster.old_sysidentifier = row.text(10);
        cluster.new_sysidentifier = row.text(11);
        cluster.backup = row.text(12);
        cluster.unsettled = row.text(13);
        cluster.is_known = row.boolean(14);
        cluster.begun_at = row.text(15);
        cluster.removed_at = row.text(16);
        cluster.removed_by = row.text(17);
        cluster.freed_bytes = row.text(18);
        cluster.removed = row.text(19);
        clusters.push_back(std::move(cluster));
    }
    return clusters;
}

std::optional<std::int64_t> open_run() {
    const auto rows = query("SELECT min(runid) FROM pgaf_upgrade.run WHERE state NOT IN ('finished', 'aborted')");
    return rows.at(0).is_null(0) ? std::nullopt : std::optional(rows.at(0).integer(0));
}

Text node_kept_old() {
    const auto rows = query(
        "SELECT pg_catalog.format('%s is kept at the old version: SELECT pgaf_upgrade_release(%s)', n.nodename, "
        "                         n.runid) "
        "  FROM pgaf_upgrade.node n JOIN pgaf_upgrade.run r USING (runid) "
        " WHERE n.kept AND n.released_at IS NULL AND r.state <> 'aborted' ORDER BY n.runid DESC LIMIT 1");
    return rows.empty() ? std::nullopt : rows.at(0).text(0);
}

Text cleaned_up_node(std::int64_t runid) {
    const auto rows = query(
        "SELECT n.nodename FROM pgaf_upgrade.cleanup c JOIN pgaf_upgrade.node n USING (runid, nodeid) "
        " WHERE c.runid = $1::bigint ORDER BY c.begun_at LIMIT 1",
        {runid});
    return rows.empty() ? std::nullopt : rows.at(0).text(0);
}

std::string begin_cleanup(std::int64_t runid, std::int64_t nodeid) {
    query("INSERT INTO pgaf_upgrade.cleanup (runid, nodeid) VALUES ($1::bigint, $2::bigint) ON CONFLICT DO NOTHING",
          {runid, nodeid});
    return query("SELECT begun_at FROM pgaf_upgrade.cleanup WHERE runid = $1::bigint AND nodeid = $2::bigint",
                 {runid, nodeid})
        .at(0)
        .string(0);
}

bool has_begun_cleanup(std::int64_t runid, std::int64_t nodeid) {
    return !query("SELECT FROM pgaf_upgrade.cleanup WHERE runid = $1::bigint AND nodeid = $2::bigint", {runid, nodeid})
                .empty();
}

bool add_to_cleanup(std::int64_t runid, std::int64_t nodeid, const std::string &result) {
    const auto changed = query(
        "UPDATE pgaf_upgrade.cleanup SET done_at = coalesce(done_at, pg_catalog.clock_timestamp()), "
        "       result = pg_catalog.jsonb_build_object("
        "           'by', $3::jsonb -> 'by', "
        "           'removed', coalesce(result -> 'removed', '[]') || ($3::jsonb -> 'removed'), "
        "           'freed_bytes', coalesce((result ->> 'freed_bytes')::bigint, 0) "
        "                          + ($3::jsonb ->> 'freed_bytes')::bigint) "
        " WHERE runid = $1::bigint AND nodeid = $2::bigint "
        "   AND (done_at IS NULL OR NOT result -> 'removed' @> ($3::jsonb -> 'removed')) RETURNING nodeid",
        {runid, nodeid, result});
    return !changed.empty();
}

std::string removed_in_words(const std::string &result) {
    return query(
               "SELECT pg_catalog.format('%s; freed %s MB, asked for by %s', "
               "           coalesce((SELECT pg_catalog.string_agg(item ->> 'path', ', ' ORDER BY place) "
               "                       FROM pg_catalog.jsonb_array_elements($1::jsonb -> 'removed') "
               "                            WITH ORDINALITY AS removed (item, place)), 'nothing was left'), "
               "           ($1::jsonb ->> 'freed_bytes')::bigint / 1048576, $1::jsonb ->> 'by')",
               {result})
        .at(0)
        .string(0);
}

}  // namespace pgaf::store
