#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "migrate/migration.hpp"
#include "migrate/statements.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"

namespace fs = std::filesystem;

namespace pgaf::migrate {

namespace {

constexpr const char *kContent = "content.json";
constexpr const char *kDump = "dump";
constexpr std::chrono::milliseconds kMiddle{60};

fs::path unfinished(const fs::path &path) {
    return path.string() + ".unfinished";
}

std::string data_of(const Migration &migration, const Database &database) {
    return (migration.dump_of(database) / kDump).string();
}

void begin_snapshot(Connection &connection) {
    static_cast<void>(connection.query("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"));
}

// A database with one is not dropped, nor is one with a slot dropped in a transaction. The slot is the old cluster's,
// and pg_restore enables none.
void drop_subscriptions(const Server &new_server, const std::string &database) {
    auto connection = new_server.connect(database);
    const auto rows = connection.query(
        "SELECT format('ALTER SUBSCRIPTION %I DISABLE', subname), format('ALTER SUBSCRIPTION %I SET (slot_name = "
        "NONE)',"
        " subname), format('DROP SUBSCRIPTION %I', subname) FROM pg_subscription s JOIN pg_database d ON d.oid = "
        "s.subdbid"
        " WHERE datname = current_database()");
    for (int row = 0; row < rows.size(); ++row) {
        for (int column = 0; column < rows.columns(); ++column) {
            static_cast<void>(connection.query(rows.value(row, column).value_or("")));
        }
    }
}

void drop_database(const Server &new_server, Connection &server, const std::string &database) {
    const auto name = quote_identifier(database);
    // one that was dropped half lets nobody in
    if (server.single("SELECT datconnlimit FROM pg_database WHERE datname = $1", {database}) != "-2") {
        drop_subscriptions(new_server, database);
    }
    static_cast<void>(server.query(fmt::format("ALTER DATABASE {} IS_TEMPLATE false", name)));
    static_cast<void>(server.query(fmt::format("DROP DATABASE {} WITH (FORCE)", name)));
}

// What the old database is set to itself is none of the refusal.
void set_read_only_as_before(const Migration &migration, Connection &server, const Database &database) {
    const auto &before = migration.state.get().read_only_before;
    const auto known = before.find(database.name);
    if (known == before.end()) {
        return;
    }
    const auto name = quote_identifier(database.name);
    static_cast<void>(server.query(known->second
                                       ? fmt::format("ALTER DATABASE {} SET default_transaction_read_only = {}", name,
                                                     quote_literal(*known->second))
                                       : fmt::format("ALTER DATABASE {} RESET default_transaction_read_only", name)));
}

// pg_restore says what a database itself is set to only where it makes the database.
void apply_settings_of_database(const Migration &migration, const Database &database) {
    const auto script = migration.folder / "settings.sql";
    run_program(migration, "pg_restore",
                {"--create", "--schema-only", "--file=" + script.string(), data_of(migration, database)},
                database.bytes);
    auto server = migration.new_server.connect("postgres");
    for (const auto &statement : about_the_database(statements_of(read_file(script)))) {
        static_cast<void>(server.query(statement));
    }
    fs::remove(script);
}

void restore_in_place(const Migration &migration, const Database &database) {
    auto connection = migration.new_server.connect(database.name);
    const bool replaces = migration.state.get().emptied && has_user_objects(connection);
    // in one transaction, so that what is there is all of it
    if (replaces || !has_user_objects(connection)) {
        std::vector<std::string> arguments{"--single-transaction", "--exit-on-error",
                                           "--dbname=" + migration.new_server.conninfo(database.name)};
        if (replaces) {
            drop_subscriptions(migration.new_server, database.name);
            arguments.insert(arguments.end(), {"--clean", "--if-exists"});
        }
        arguments.push_back(data_of(migration, database));
        const FaultWatch watch("restore", "middle", kMiddle);
        run_program(migration, "pg_restore", arguments, database.bytes);
    }
    fault_point("restore", "committed");
    apply_settings_of_database(migration, database);
}

void restore_new(const Migration &migration, Connection &server, const Database &database) {
    if (exists_in(server, database.name)) {
        drop_database(migration.new_server, server, database.name);
    }
    const FaultWatch watch("restore", "middle", kMiddle);
    run_program(migration, "pg_restore",
                {"--create", "--exit-on-error", fmt::format("--jobs={}", migration.options.jobs),
                 "--dbname=" + migration.new_server.conninfo("postgres"), data_of(migration, database)},
                database.bytes);
}

}  // namespace

fs::path Migration::dump_of(const Database &database) const {
    return folder / std::to_string(database.oid);
}

bool Migration::has_dump(const Database &database) const {
    return fs::exists(data_of(*this, database));
}

void drop_dump(const Migration &migration, const Database &database) {
    fs::remove_all(data_of(migration, database));
}

void drop_what_was_made(const Migration &migration) {
    auto server = migration.new_server.connect("postgres");
    for (const auto &[database, stage] : migration.state.get().databases) {
        if (!migration.state.get().in_place.contains(database) && exists_in(server, database)) {
            drop_database(migration.new_server, server, database);
        }
    }
    fs::remove_all(migration.folder);
    migration.state.change([&](State::Content &content) {
        content.refuse_writes = migration.options.refuse_writes;
        content.given_back = false;
        content.emptied = true;
        content.globals = false;
        content.databases.clear();
        content.statistics = false;
        content.finished_at.clear();
    });
}

void apply_globals(const Migration &migration) {
    const auto script = migration.folder / "globals.sql";
    run_program(migration, "pg_dumpall",
                {"--globals-only", "--file=" + script.string(),
                 "--dbname=" + migration.old_server.conninfo(migration.old_server.first_database())},
                0);
    auto server = migration.new_server.connect("postgres");
    const auto statements =
        globals_to_apply(statements_of(read_file(script)), names_by(server, "SELECT rolname FROM pg_roles"),
                         names_by(server, "SELECT spcname FROM pg_tablespace"));
    for (std::size_t at = 0; at < statements.size(); ++at) {
        static_cast<void>(server.query(statements[at]));
        if (at == statements.size() / 2) {
            fault_point("globals", "middle");
        }
    }
    fs::remove(script);  // it has the passwords of roles
}

void dump(const Migration &migration, const Database &database) {
    const auto finished = migration.dump_of(database);
    const auto folder = unfinished(finished);
    fs::remove_all(folder);
    make_directory(folder);
    auto connection = migration.old_server.connect(database.name);
    begin_snapshot(connection);
    const auto snapshot = connection.single("SELECT pg_export_snapshot()");
    const auto before = sequences_of(connection);
    {
        const FaultWatch watch("dump", "middle", kMiddle);
        run_program(migration, "pg_dump",
                    {"--format=directory", fmt::format("--jobs={}", migration.options.jobs), "--snapshot=" + snapshot,
                     "--file=" + (folder / kDump).string(), "--dbname=" + migration.old_server.conninfo(database.name)},
                    database.bytes);
    }
    nlohmann::json content{{"before", to_json(before)}};
    if (!migration.state.get().refuse_writes) {
        content["content"] = to_json(content_of(connection));
    }
    write_file(folder / kContent, content.dump());
    fs::remove_all(finished);  // of one that was restored, into a database that is no longer there
    rename_durably(folder, finished);
}

void restore(const Migration &migration, const Database &database) {
    migration.state.change([&](State::Content &content) { content.databases[database.name] = Stage::Restoring; });
    fault_point("restore", "noted");
    auto server = migration.new_server.connect("postgres");
    if (migration.is_in_place(database)) {
        restore_in_place(migration, database);
    } else {
        restore_new(migration, server, database);
    }
    set_read_only_as_before(migration, server, database);
}

Compared compare(const Migration &migration, const Database &database) {
    const auto kept = nlohmann::json::parse(read_file(migration.dump_of(database) / kContent));
    const auto measure = [&](const Server &server) {
        auto connection = server.connect(database.name);
        begin_snapshot(connection);
        return content_of(connection);
    };
    auto before = sequences_from(kept.at("before"));
    Content old_content;
    if (kept.contains("content")) {
        old_content = content_from(kept.at("content"));
    } else {
        // refused, so that it must be as it was dumped; who has written all the same is found out by it
        old_content = measure(migration.old_server);
        before = old_content.sequences;
    }
    fault_point("compare", "middle");
    const auto new_content = measure(migration.new_server);
    return {.differences = differences(old_content, before, new_content),
            .tables = new_content.tables.size() - 1,
            .rows = new_content.rows(),
            .sequences = new_content.sequences.size()};
}

}  // namespace pgaf::migrate
