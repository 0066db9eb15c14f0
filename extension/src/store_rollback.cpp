#include "src/store.hpp"

#include "src/pg/spi.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::store {

using pg::query;

void insert_rollback(std::int64_t runid, std::int64_t nodeid) {
    query("INSERT INTO pgaf_upgrade.rollback (runid, nodeid) VALUES ($1::bigint, $2::bigint)", {runid, nodeid});
}

bool set_rolled_back(std::int64_t runid, std::int64_t nodeid, const Text &result) {
    const auto changed = query(
        "UPDATE pgaf_upgrade.rollback SET done_at = pg_catalog.clock_timestamp(), result = $3::jsonb "
        " WHERE runid = $1::bigint AND nodeid = $2::bigint AND done_at IS NULL RETURNING nodeid",
        {runid, nodeid, result});
    return !changed.empty();
}

std::vector<NodeName> nodes_to_roll_back(std::int64_t runid) {
    std::vector<NodeName> nodes;
    for (const auto &row : query(
             "SELECT n.nodeid, n.nodename FROM pgaf_upgrade.rollback b JOIN pgaf_upgrade.node n USING (runid, nodeid) "
             " WHERE b.runid = $1::bigint AND b.done_at IS NULL ORDER BY n.nodeid",
             {runid})) {
        nodes.push_back({row.integer(0), row.string(1)});
    }
    return nodes;
}

}  // namespace pgaf::store
