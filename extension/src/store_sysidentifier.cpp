#include "src/store_sysidentifier.hpp"

#include "src/pg/spi.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::store {

using pg::query;

SysidentifierFacts sysidentifier_facts(std::optional<std::int64_t> runid, const std::string &formation, int group,
                                       std::optional<std::int64_t> sysidentifier) {
    const auto row =
        query(
            "SELECT pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::bigint, "
            "       (SELECT pg_catalog.date_part('epoch', started_at)::bigint FROM pgaf_upgrade.run "
            "         WHERE runid = $1::bigint), "
            "       (SELECT new_sysidentifier FROM pgaf_upgrade.node "
            "         WHERE runid = $1::bigint AND formationid = $2 AND groupid = $3::int AND role = 'primary'), "
            "       EXISTS (SELECT 1 FROM pgaf_upgrade.sysidentifier_change "
            "                WHERE formationid = $2 AND groupid = $3::int AND before = $4::bigint), "
            "       coalesce((SELECT pg_catalog.format('group %s of formation %s has it', groupid, formationid) "
            "                   FROM pgautofailover.node "
            "                  WHERE sysidentifier = $4::bigint AND (formationid, groupid) <> ($2, $3::int) "
            "                  ORDER BY nodeid LIMIT 1), "
            "                (SELECT 'the monitor has it' FROM pg_catalog.pg_control_system() "
            "                  WHERE system_identifier = $4::bigint AND $2 <> ''), "
            "                (SELECT pg_catalog.format('run %s has recorded it for %s', n.runid, n.nodename) "
            "                   FROM pgaf_upgrade.node n JOIN pgaf_upgrade.run r ON r.runid = n.runid "
            "                  WHERE r.state NOT IN ('finished', 'aborted') AND n.new_sysidentifier = $4::bigint "
            "                    AND (n.formationid, n.groupid) <> ($2, $3::int) ORDER BY n.runid, n.nodeid LIMIT 1))",
            {runid, formation, group, sysidentifier})
            .at(0);
    SysidentifierFacts facts;
    facts.now = row.integer(0);
    if (!row.is_null(1)) {
        facts.run_started = row.integer(1);
    }
    if (!row.is_null(2)) {
        facts.recorded = row.integer(2);
    }
    facts.was_the_groups = row.boolean(3);
    facts.used_elsewhere = row.text(4);
    return facts;
}

bool may_rewrite_by_hand() {
    return query(
               "SELECT r.rolsuper OR EXISTS "
               "       (SELECT 1 FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_proc p ON p.oid = d.objid, "
               "               pg_catalog.aclexplode(p.proacl) a "
               "         WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.deptype = 'e' "
               "           AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = e.oid "
               "           AND p.proname = 'pgaf_upgrade_rewrite_sysidentifier' AND a.privilege_type = 'EXECUTE' "
               "           AND a.grantee <> 0 AND a.grantee <> 'autoctl_node'::regrole "
               "           AND pg_catalog.pg_has_role(r.oid, a.grantee, 'MEMBER')) "
               "  FROM pg_catalog.pg_roles r, pg_catalog.pg_extension e "
               " WHERE r.rolname = SESSION_USER AND e.extname = 'pgaf_upgrade'")
        .at(0)
        .boolean(0);
}

std::optional<std::int64_t> sysidentifier_to_write(std::int64_t runid, const std::string &formation, int group) {
    const auto rows = query(
        "SELECT n.new_sysidentifier FROM pgaf_upgrade.node n "
        "  JOIN pgaf_upgrade.step s ON s.runid = n.runid AND s.nodeid = n.nodeid "
        " WHERE n.runid = $1::bigint AND n.formationid = $2 AND n.groupid = $3::int AND n.role = 'primary' "
        "   AND s.name = 'identity' AND s.state = 'running' AND s.lease_digest = n.lease_digest "
        "   AND s.backend_pid = pg_catalog.pg_backend_pid() AND n.new_sysidentifier IS NOT NULL "
        "UNION ALL "
        "SELECT n.old_sysidentifier FROM pgaf_upgrade.run r "
        "  JOIN pgaf_upgrade.node n ON n.runid = r.runid "
        "  JOIN pgaf_upgrade.rollback b ON b.runid = n.runid AND b.nodeid = n.nodeid "
        " WHERE r.runid = $1::bigint AND n.formationid = $2 AND n.groupid = $3::int AND n.role = 'primary' "
        "   AND r.state = 'rolling_back' AND r.discards_new_data AND b.done_at IS NULL "
        "   AND n.old_sysidentifier IS NOT NULL",
        {runid, formation, group});
    return rows.empty() ? std::nullopt : std::optional(rows.at(0).integer(0));
}

std::int64_t rewrite_sysidentifier(std::optional<std::int64_t> runid, const std::string &formation, int group,
                                   std::int64_t before, std::int64_t after) {
    return static_cast<std::int64_t>(
        query("WITH changed AS "
              "(UPDATE pgautofailover.node SET sysidentifier = $5::bigint "
              "  WHERE formationid = $2 AND groupid = $3::int AND sysidentifier = $4::bigint "
              " RETURNING nodeid, nodename) "
              "INSERT INTO pgaf_upgrade.sysidentifier_change "
              "       (runid, formationid, groupid, nodeid, nodename, before, after) "
              "SELECT $1::bigint, $2, $3::int, nodeid, nodename, $4::bigint, $5::bigint FROM changed ORDER BY nodeid "
              "RETURNING nodeid",
              {runid, formation, group, before, after})
            .size());
}

}  // namespace pgaf::store
