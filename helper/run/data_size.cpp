#include "run/data_size.hpp"

#include <nlohmann/json.hpp>

namespace pgaf {

nlohmann::json measure_data(const Node &node) {
    const auto number = [](Connection &server, const char *sql) { return std::stoull(server.single(sql)); };
    auto server = node.connect_locally();
    std::uint64_t objects = 0;
    const auto names = server.query("SELECT datname FROM pg_catalog.pg_database WHERE datallowconn ORDER BY 1");
    for (int row = 0; row < names.size(); ++row) {
        auto database = node.connect_locally(names.text(row, "datname"));
        objects += number(database,
                          "SELECT (SELECT count(*) FROM pg_catalog.pg_class WHERE oid >= 16384) +"
                          "       (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata)");
    }
    return {{"bytes", number(server, "SELECT sum(pg_catalog.pg_tablespace_size(oid)) FROM pg_catalog.pg_tablespace")},
            {"objects", objects},
            {"shared_buffers", number(server,
                                      "SELECT setting::bigint * 8192 FROM pg_catalog.pg_settings"
                                      " WHERE name = 'shared_buffers'")}};
}

DataSize data_size(const nlohmann::json &measured) {
    return {.bytes = measured.value("bytes", std::uint64_t{0}),
            .objects = measured.value("objects", std::uint64_t{0}),
            .shared_buffers = measured.value("shared_buffers", std::uint64_t{0})};
}

DataSize data_size(const Context &context) {
    return data_size(context.journal.result(steps::kDiscover).value("size", nlohmann::json::object()));
}

}  // namespace pgaf
