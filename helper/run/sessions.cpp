#include "run/sessions.hpp"

#include <fmt/format.h>

namespace pgaf {

void leave_out_event_triggers(Connection &server) {
    constexpr int kFirstWithSetting = 170000;
    const bool has_setting = std::stoi(server.single("SHOW server_version_num")) >= kFirstWithSetting;
    server.query(has_setting ? "SET event_triggers = off" : "SET session_replication_role = replica");
}

Connection writing_session(const Context &context, const std::string &dbname) {
    auto server = context.local_server(dbname);
    for (const auto *setting : {"default_transaction_read_only = off", "synchronous_commit = local"}) {
        server.query(fmt::format("SET {}", setting));
    }
    leave_out_event_triggers(server);
    return server;
}

std::vector<std::string> databases_of(Connection &server) {
    const auto rows =
        server.query("SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND datconnlimit <> -2 ORDER BY 1");
    std::vector<std::string> names;
    for (int row = 0; row < rows.size(); ++row) {
        names.push_back(rows.text(row, "datname"));
    }
    return names;
}

}  // namespace pgaf
