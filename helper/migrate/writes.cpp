#include "migrate/writes.hpp"

#include <fmt/format.h>

#include "migrate/databases.hpp"
#include "migrate/statements.hpp"
#include "system/fault.hpp"

namespace pgaf::migrate {

namespace {

constexpr const char *kSetting = "default_transaction_read_only";

std::optional<std::string> setting_of(Connection &server, const std::string &database) {
    const auto rows = server.query(
        "SELECT split_part(entry, '=', 2) AS value FROM pg_db_role_setting s JOIN pg_database d ON d.oid = "
        "s.setdatabase,"
        " unnest(setconfig) AS entry WHERE d.datname = $1 AND s.setrole = 0 AND split_part(entry, '=', 1) = $2",
        {database, kSetting});
    return rows.size() == 0 ? std::nullopt : rows.value(0, "value");
}

// Of roles, which go before the database's.
void require_no_exception(Connection &server) {
    const auto rows = server.query(
        "SELECT r.rolname, d.datname FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole"
        " LEFT JOIN pg_database d ON d.oid = s.setdatabase, unnest(setconfig) AS entry"
        " WHERE split_part(entry, '=', 1) = $1 AND NOT split_part(entry, '=', 2)::bool ORDER BY 1 LIMIT 1",
        {kSetting});
    if (rows.size() > 0) {
        const auto role = quote_identifier(rows.text(0, "rolname"));
        const auto database = rows.value(0, "datname");
        throw HelperError(ExitCode::Refused,
                          fmt::format("role {} has {} = off of its own, and would go on writing", role, kSetting),
                          fmt::format("On the old cluster: ALTER ROLE {}{} RESET {}.", role,
                                      database ? " IN DATABASE " + quote_identifier(*database) : "", kSetting));
    }
    const auto prepared = server.query("SELECT gid, database FROM pg_prepared_xacts LIMIT 1");
    if (prepared.size() > 0) {
        throw HelperError(ExitCode::Refused,
                          fmt::format("transaction \"{}\" is prepared in database \"{}\", and could still be committed",
                                      prepared.text(0, "gid"), prepared.text(0, "database")),
                          "COMMIT PREPARED or ROLLBACK PREPARED it on the old cluster.");
    }
}

// But those of pg_auto_failover, which are few and write nothing.
void end_sessions(Connection &server) {
    static_cast<void>(server.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        " AND pid <> pg_backend_pid() AND usename !~ '^pgautofailover_' AND application_name !~ '^pg_auto'"));
}

}  // namespace

void refuse_writes(const Server &old_server, State &state) {
    auto server = old_server.connect(old_server.first_database());
    if (server.single("SELECT pg_is_in_recovery()") == "t") {
        throw HelperError(
            ExitCode::Refused, fmt::format("{} is a standby", old_server.address()),
            "Name the primary of the old cluster, or all of its nodes and target_session_attrs=read-write, "
            "with --from.");
    }
    require_no_exception(server);
    const auto databases = databases_of(server);
    std::map<std::string, std::optional<std::string>> before = state.get().read_only_before;
    for (const auto &database : databases) {
        if (!before.contains(database.name)) {
            before[database.name] = setting_of(server, database.name);
        }
    }
    if (before != state.get().read_only_before) {
        state.change([&](State::Content &content) { content.read_only_before = before; });
    }
    fault_point("refuse_writes", "middle");
    for (const auto &database : databases) {
        if (setting_of(server, database.name) != "on") {
            static_cast<void>(
                server.query(fmt::format("ALTER DATABASE {} SET {} = on", quote_identifier(database.name), kSetting)));
            fault_point("refuse_writes", "partly");
        }
    }
    end_sessions(server);
}

void give_back_writes(const Server &old_server, State &state) {
    auto server = old_server.connect(old_server.first_database());
    for (const auto &[database, value] : state.get().read_only_before) {
        const auto now = setting_of(server, database);
        if (now == value) {
            continue;
        }
        const auto name = quote_identifier(database);
        if (server.single("SELECT count(*) FROM pg_database WHERE datname = $1", {database}) == "0") {
            continue;
        }
        static_cast<void>(
            server.query(value ? fmt::format("ALTER DATABASE {} SET {} = {}", name, kSetting, quote_literal(*value))
                               : fmt::format("ALTER DATABASE {} RESET {}", name, kSetting)));
        fault_point("give_back", "partly");
    }
    // sessions that began meanwhile would be refused for as long as they live
    end_sessions(server);
    state.change([](State::Content &content) {
        content.read_only_before.clear();
        content.given_back = true;
    });
}

}  // namespace pgaf::migrate
