#include "src/store.hpp"

#include "src/pg/spi.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::store {

using pg::query;

std::int64_t now_s() {
    return query("SELECT pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::bigint").at(0).integer(0);
}

std::int64_t started_s(std::int64_t runid) {
    return query(
               "SELECT pg_catalog.date_part('epoch', started_at)::bigint FROM pgaf_upgrade.run WHERE runid = "
               "$1::bigint",
               {runid})
        .at(0)
        .integer(0);
}

std::optional<std::int64_t> old_sysidentifier(std::optional<std::int64_t> runid, const std::string &formation,
                                              int group, std::int64_t now) {
    const auto rows =
        runid ? query(
                    "SELECT old_sysidentifier FROM pgaf_upgrade.node "
                    " WHERE runid = $1::bigint AND formationid = $2 AND groupid = $3::int AND role = 'primary' "
                    "   AND old_sysidentifier IS NOT NULL",
                    {runid, formation, group})
              : query(
                    "SELECT before FROM pgaf_upgrade.sysidentifier_change "
                    " WHERE formationid = $1 AND groupid = $2::int AND after = $3::bigint AND before IS NOT NULL "
                    " ORDER BY changeid DESC LIMIT 1",
                    {formation, group, now});
    return rows.empty() ? std::nullopt : std::optional(rows.at(0).integer(0));
}

bool was_rewritten(const std::string &formation, int group, std::int64_t before, std::int64_t after) {
    return !query(
                "SELECT 1 FROM pgaf_upgrade.sysidentifier_change "
                " WHERE formationid = $1 AND groupid = $2::int AND before = $3::bigint AND after = $4::bigint LIMIT 1",
                {formation, group, before, after})
                .empty();
}

std::int64_t update_group_sysidentifier(const std::string &formation, int group, std::int64_t after) {
    return static_cast<std::int64_t>(query("UPDATE pgautofailover.node SET sysidentifier = $3::bigint "
                                           " WHERE formationid = $1 AND groupid = $2::int RETURNING nodeid",
                                           {formation, group, after})
                                         .size());
}

Text other_group_with_sysidentifier(const std::string &formation, int group, std::int64_t sysidentifier) {
    const auto rows = query(
        "SELECT pg_catalog.format('group %s of formation %s', groupid, formationid) FROM pgautofailover.node "
        " WHERE sysidentifier = $3::bigint AND (formationid, groupid) <> ($1, $2::int) ORDER BY nodeid LIMIT 1",
        {formation, group, sysidentifier});
    return rows.empty() ? std::nullopt : rows.at(0).text(0);
}

void set_sysidentifiers(std::int64_t runid, std::int64_t nodeid, std::optional<std::int64_t> old_sysidentifier,
                        std::optional<std::int64_t> new_sysidentifier) {
    query(
        "UPDATE pgaf_upgrade.node SET old_sysidentifier = coalesce($3::bigint, old_sysidentifier), "
        "       new_sysidentifier = coalesce($4::bigint, new_sysidentifier) "
        " WHERE runid = $1::bigint AND nodeid = $2::bigint",
        {runid, nodeid, old_sysidentifier, new_sysidentifier});
}

std::optional<std::int64_t> sysidentifier_to_write(std::int64_t runid, const std::string &formation, int group) {
    const auto rows = query(
        "SELECT n.new_sysidentifier FROM pgaf_upgrade.node n "
        "  JOIN pgaf_upgrade.step s ON s.runid = n.runid AND s.nodeid = n.nodeid "
        " WHERE n.runid = $1::bigint AND n.formationid = $2 AND n.groupid = $3::int AND n.role = 'primary' "
        "   AND s.name = 'identity' AND s.state = 'running' AND s.token = n.lease_token "
        "   AND s.backend_pid = pg_catalog.pg_backend_pid() AND n.new_sysidentifier IS NOT NULL",
        {runid, formation, group});
    return rows.empty() ? std::nullopt : std::optional(rows.at(0).integer(0));
}

void record_sysidentifier_change(std::optional<std::int64_t> runid, const ClusterNode &node, std::int64_t after) {
    query(
        "INSERT INTO pgaf_upgrade.sysidentifier_change "
        "       (runid, formationid, groupid, nodeid, nodename, before, after) "
        "VALUES ($1::bigint, $2, $3::int, $4::bigint, $5, $6::bigint, $7::bigint)",
        {runid, node.formation, node.group, node.nodeid, node.name, node.sysidentifier, after});
}

}  // namespace pgaf::store
