#include "src/store.hpp"

#include "src/pg/spi.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::store {

using pg::query;

void insert_node(std::int64_t runid, const NodePlan &node, const std::string &host, int port, const ClusterNode *known,
                 std::optional<std::int64_t> sysidentifier) {
    query(
        "INSERT INTO pgaf_upgrade.node (runid, nodeid, nodename, nodehost, nodeport, formationid, groupid, role, "
        "            rank, old_sysidentifier, replicationquorum, candidatepriority, number_sync_standbys, "
        "            kept) "
        "VALUES ($1::bigint, $2::bigint, $3, $4, $5::int, $6, $7::int, $8, $9::int, $10::bigint, "
        "        $11::boolean, $12::int, $13::int, $14::boolean)",
        {runid, node.nodeid, node.name, host, port, node.formation, node.group, to_string(node.role), node.rank,
         sysidentifier, known != nullptr ? pg::Param(known->replication_quorum) : pg::Param(std::nullopt),
         known != nullptr ? pg::Param(known->candidate_priority) : pg::Param(std::nullopt),
         known != nullptr ? pg::Param(known->number_sync_standbys) : pg::Param(std::nullopt), node.is_kept});
}

void insert_step(std::int64_t runid, std::int64_t nodeid, int ordinal, const StepDefinition &step) {
    query(
        "INSERT INTO pgaf_upgrade.step (runid, nodeid, ordinal, name, phase) "
        "VALUES ($1::bigint, $2::bigint, $3::int, $4, $5)",
        {runid, nodeid, ordinal, step.name, to_string(step.phase)});
}

std::vector<NodePlan> plan_nodes(std::int64_t runid, std::vector<std::vector<std::string>> &step_names) {
    const auto rows = query(
        "SELECT n.nodeid, n.nodename, n.formationid, n.groupid, n.role, n.rank, s.name, s.state, "
        "       n.kept AND n.released_at IS NULL "
        "  FROM pgaf_upgrade.node n "
        "  JOIN pgaf_upgrade.step s ON s.runid = n.runid AND s.nodeid = n.nodeid "
        " WHERE n.runid = $1::bigint "
        " ORDER BY n.role = 'monitor', n.formationid, n.groupid, n.role, n.rank, n.nodeid, s.ordinal",
        {runid});
    std::vector<NodePlan> nodes;
    step_names.clear();
    for (const auto &row : rows) {
        if (nodes.empty() || nodes.back().nodeid != row.integer(0)) {
            NodePlan node;
            node.nodeid = row.integer(0);
            node.name = row.string(1);
            node.formation = row.string(2);
            node.group = static_cast<int>(row.integer(3));
            node.role = parse_role(row.string(4)).value();
            node.rank = static_cast<int>(row.integer(5));
            node.is_kept = row.boolean(8);
            nodes.push_back(std::move(node));
            step_names.emplace_back();
        }
        step_names.back().push_back(row.string(6));
        nodes.back().states.push_back(parse_step_state(row.string(7)).value());
    }
    return nodes;
}

std::optional<std::pair<std::int64_t, std::int64_t>> lease_of(const std::string &token) {
    const auto rows = query(
        "SELECT runid, nodeid FROM pgaf_upgrade.node "
        " WHERE lease_digest = pg_catalog.sha256(pg_catalog.uuid_send($1::uuid)) ORDER BY runid DESC LIMIT 1",
        {token});
    if (rows.empty()) {
        return std::nullopt;
    }
    return std::pair(rows.at(0).integer(0), rows.at(0).integer(1));
}

bool holds_lease(std::int64_t runid, std::int64_t nodeid, const std::string &token) {
    return !query(
                "SELECT 1 FROM pgaf_upgrade.node "
                " WHERE runid = $1::bigint AND nodeid = $2::bigint "
                "   AND lease_digest = pg_catalog.sha256(pg_catalog.uuid_send($3::uuid))",
                {runid, nodeid, token})
                .empty();
}

// A helper lives when it was heard within the seconds of a lease. One heard in what is the future by now was
// heard before the clock was set back: a helper that lives is heard again within seconds.
NodeLease lease(std::int64_t runid, std::int64_t nodeid, const std::string &token) {
    const auto row = query(
                         "SELECT coalesce(lease_digest <> pg_catalog.sha256(pg_catalog.uuid_send($3::uuid)) "
                         "                AND lease_heartbeat BETWEEN "
                         "                pg_catalog.clock_timestamp() - $4::int * interval '1 second' AND "
                         "                pg_catalog.clock_timestamp() + $4::int * interval '1 second', false), "
                         "       lease_digest IS NOT NULL, coalesce(lease_host, ''), coalesce(lease_user, ''), "
                         "       coalesce(lease_address, 'local'), "
                         "       coalesce(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - "
                         "                                              lease_heartbeat)::int, 0) "
                         "  FROM pgaf_upgrade.node WHERE runid = $1::bigint AND nodeid = $2::bigint",
                         {runid, nodeid, token, kLeaseSeconds})
                         .at(0);
    return {row.boolean(0), row.boolean(1), row.string(2),
            row.string(3),  row.string(4),  static_cast<int>(row.integer(5))};
}

bool take_lease(std::int64_t runid, std::int64_t nodeid, const std::string &token, const std::string &host,
                const std::string &helper_version) {
    const bool held = holds_lease(runid, nodeid, token);
    // The monitor's own host is not in pg_auto_failover's tables: its helper tells it.
    query(
        "UPDATE pgaf_upgrade.node SET lease_digest = pg_catalog.sha256(pg_catalog.uuid_send($3::uuid)), "
        "       lease_heartbeat = pg_catalog.clock_timestamp(), lease_host = $4, lease_user = SESSION_USER, "
        "       lease_address = pg_catalog.host(pg_catalog.inet_client_addr()), "
        "       lease_pid = pg_catalog.pg_backend_pid(), helper_version = $5, "
        "       nodehost = CASE WHEN nodehost = '' THEN $4 ELSE nodehost END "
        " WHERE runid = $1::bigint AND nodeid = $2::bigint",
        {runid, nodeid, token, host, helper_version});
    return !held;
}

void touch_lease(std::int64_t runid, std::int64_t nodeid) {
    query(
        "UPDATE pgaf_upgrade.node SET lease_heartbeat = pg_catalog.clock_timestamp(), "
        "       lease_pid = pg_catalog.pg_backend_pid() WHERE runid = $1::bigint AND nodeid = $2::bigint",
        {runid, nodeid});
}

std::vector<HelperSign> helper_signs(std::int64_t runid) {
    const auto rows = query(
        "SELECT nodeid, lease_digest IS NOT NULL, "
        "       coalesce(lease_heartbeat BETWEEN pg_catalog.clock_timestamp() - $2::int * interval '1 second' AND "
        "                pg_catalog.clock_timestamp() + $2::int * interval '1 second', false), "
        "       coalesce(pg_catalog.to_char(lease_heartbeat, 'HH24:MI:SS'), '') "
        "  FROM pgaf_upgrade.node WHERE runid = $1::bigint",
        {runid, kLeaseSeconds});
    std::vector<HelperSign> signs;
    for (const auto &row : rows) {
        signs.push_back({row.integer(0), row.boolean(1), row.boolean(2), row.string(3)});
    }
    return signs;
}

std::string assignment(std::int64_t runid, std::int64_t nodeid) {
    return query(
               "WITH described AS "
               "(SELECT n.nodeid, n.formationid, n.groupid, n.rank, n.role, n.number_sync_standbys, "
               "        pg_catalog.jsonb_build_object("
               "            'id', n.nodeid, 'name', n.nodename, 'role', n.role, 'formation', n.formationid, "
               "            'group', n.groupid, 'rank', n.rank, 'host', n.nodehost, 'port', n.nodeport, "
               "            'kept', n.kept, 'replication_quorum', n.replicationquorum, 'candidate_priority', "
               "n.candidatepriority, "
               "            'old_sysidentifier', pgaf_upgrade.sysidentifier_text(n.old_sysidentifier)::text, "
               "            'new_sysidentifier', pgaf_upgrade.sysidentifier_text(n.new_sysidentifier)::text) AS node "
               "   FROM pgaf_upgrade.node n WHERE n.runid = $1::bigint) "
               "SELECT pg_catalog.jsonb_build_object("
               "           'run', r.runid, 'started_at', r.started_at, 'state', r.state, 'source_version', "
               "r.source_version, "
               "           'target_version', r.target_version, 'method', r.method, "
               "           'discards_new_data', r.discards_new_data, 'on_failure', r.on_failure, 'attempt', r.attempt, "
               "           'standby_method', r.standby_method, 'include_monitor', r.include_monitor, "
               "           'number_sync_standbys', d.number_sync_standbys, 'node', d.node, "
               "           'seed_sha256', (SELECT coalesce(s.result ->> 'seed_sha256', '') "
               "                             FROM described p JOIN pgaf_upgrade.step s ON s.nodeid = p.nodeid "
               "                            WHERE (p.formationid, p.groupid, p.role) = "
               "                                  (d.formationid, d.groupid, 'primary') "
               "                              AND s.runid = r.runid AND s.name = 'start' AND s.state = 'done'), "
               "           'group', (SELECT pg_catalog.jsonb_agg(o.node ORDER BY o.role, o.rank, o.nodeid) "
               "                       FROM described o "
               "                      WHERE (o.formationid, o.groupid, o.role = 'monitor') = "
               "                            (d.formationid, d.groupid, d.role = 'monitor')), "
               "           'steps', (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object("
               "                                'name', s.name, 'state', s.state) ORDER BY s.ordinal) "
               "                       FROM pgaf_upgrade.step s "
               "                      WHERE s.runid = r.runid AND s.nodeid = d.nodeid)) "
               "  FROM pgaf_upgrade.run r, described d WHERE r.runid = $1::bigint AND d.nodeid = $2::bigint",
               {runid, nodeid})
        .at(0)
        .string(0);
}

std::optional<NodeName> kept_node(std::int64_t runid) {
    const auto rows =
        query("SELECT nodeid, nodename FROM pgaf_upgrade.node WHERE runid = $1::bigint AND kept", {runid});
    return rows.empty() ? std::nullopt : std::optional(NodeName{rows.at(0).integer(0), rows.at(0).string(1)});
}

bool release_node(std::int64_t runid, std::int64_t nodeid) {
    const auto changed = query(
        "UPDATE pgaf_upgrade.node SET released_at = pg_catalog.clock_timestamp() "
        " WHERE runid = $1::bigint AND nodeid = $2::bigint AND released_at IS NULL RETURNING nodeid",
        {runid, nodeid});
    return !changed.empty();
}

void set_software(std::int64_t runid, std::int64_t nodeid, const std::string &json) {
    query("UPDATE pgaf_upgrade.node SET software = $3::jsonb WHERE runid = $1::bigint AND nodeid = $2::bigint",
          {runid, nodeid, json});
}

void set_sysidentifiers(std::int64_t runid, std::int64_t nodeid, std::optional<std::int64_t> old_sysidentifier,
                        std::optional<std::int64_t> new_sysidentifier) {
    query(
        "UPDATE pgaf_upgrade.node SET old_sysidentifier = coalesce($3::bigint, old_sysidentifier), "
        "       new_sysidentifier = coalesce($4::bigint, new_sysidentifier) "
        " WHERE runid = $1::bigint AND nodeid = $2::bigint",
        {runid, nodeid, old_sysidentifier, new_sysidentifier});
}

}  // namespace pgaf::store
