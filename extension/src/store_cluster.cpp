#include "src/store.hpp"

#include "src/pg/spi.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::store {

using pg::query;

namespace {

std::vector<ClusterNode> nodes_where(const char *condition, std::initializer_list<pg::Param> params) {
    const auto sql = std::string(
                         "SELECT n.nodeid, n.nodename, n.nodehost, n.nodeport, n.formationid, f.kind, n.groupid, "
                         "       n.reportedstate::text, n.goalstate::text, n.replicationquorum, "
                         "       n.candidatepriority, n.sysidentifier, f.number_sync_standbys "
                         "  FROM pgautofailover.node n "
                         "  JOIN pgautofailover.formation f ON f.formationid = n.formationid WHERE ") +
                     condition + " ORDER BY n.formationid, n.groupid, n.nodeid";
    const auto rows = query(sql.c_str(), params);
    std::vector<ClusterNode> nodes;
    nodes.reserve(rows.size());
    for (const auto &row : rows) {
        ClusterNode node;
        node.nodeid = row.integer(0);
        node.name = row.string(1);
        node.host = row.string(2);
        node.port = static_cast<int>(row.integer(3));
        node.formation = row.string(4);
        node.kind = row.string(5);
        node.group = static_cast<int>(row.integer(6));
        node.reported_state = row.string(7);
        node.goal_state = row.string(8);
        node.replication_quorum = row.boolean(9);
        node.candidate_priority = static_cast<int>(row.integer(10));
        if (!row.is_null(11)) {
            node.sysidentifier = row.integer(11);
        }
        node.number_sync_standbys = static_cast<int>(row.integer(12));
        nodes.push_back(std::move(node));
    }
    return nodes;
}

}  // namespace

int server_major() {
    return static_cast<int>(
        query("SELECT pg_catalog.current_setting('server_version_num')::int / 10000").at(0).integer(0));
}

std::int64_t server_sysidentifier() {
    return query("SELECT system_identifier FROM pg_catalog.pg_control_system()").at(0).integer(0);
}

int server_port() {
    return static_cast<int>(query("SELECT pg_catalog.current_setting('port')::int").at(0).integer(0));
}

bool session_is_owner() {
    return query(
               "SELECT r.rolsuper OR pg_catalog.pg_has_role(r.oid, e.extowner, 'MEMBER') "
               "  FROM pg_catalog.pg_roles r, pg_catalog.pg_extension e "
               " WHERE r.rolname = SESSION_USER AND e.extname = 'pgaf_upgrade'")
        .at(0)
        .boolean(0);
}

bool session_is_node() {
    return query("SELECT SESSION_USER = 'autoctl_node'", {}).at(0).boolean(0);
}

std::vector<ClusterNode> cluster_nodes() {
    return nodes_where("true", {});
}

std::vector<ClusterNode> group_nodes(const std::string &formation, int group) {
    return nodes_where("n.formationid = $1 AND n.groupid = $2::int", {formation, group});
}

std::vector<std::string> formations() {
    std::vector<std::string> names;
    for (const auto &row : query("SELECT formationid FROM pgautofailover.formation ORDER BY formationid")) {
        names.push_back(row.string(0));
    }
    return names;
}

bool is_known_node(std::int64_t nodeid) {
    return !query("SELECT 1 FROM pgautofailover.node WHERE nodeid = $1::bigint", {nodeid}).empty();
}

}  // namespace pgaf::store
