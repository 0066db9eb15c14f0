#include "cluster/busiest_tables.hpp"

#include <nlohmann/json.hpp>

namespace pgaf {

namespace {

constexpr const char *kBusiest =
    "SELECT pg_catalog.format('%I.%I', schemaname, relname) AS name FROM pg_catalog.pg_stat_user_tables,"
    " LATERAL (SELECT coalesce(seq_scan, 0) + coalesce(idx_scan, 0) + n_tup_ins + n_tup_upd + n_tup_del) AS of(times)"
    " WHERE times > 0 ORDER BY times DESC, relid LIMIT 20";

}  // namespace

nlohmann::json busiest_tables(const Node &node) {
    auto server = node.connect_locally();
    const auto names = server.query("SELECT datname FROM pg_catalog.pg_database WHERE datallowconn ORDER BY 1");
    auto busiest = nlohmann::json::object();
    for (int row = 0; row < names.size(); ++row) {
        const auto database = names.text(row, "datname");
        const auto tables = node.connect_locally(database).query(kBusiest);
        for (int table = 0; table < tables.size(); ++table) {
            busiest[database].push_back(tables.text(table, "name"));
        }
    }
    return busiest;
}

}  // namespace pgaf
