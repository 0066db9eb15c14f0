#include <sys/statvfs.h>

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "migrate/migration.hpp"
#include "migrate/statements.hpp"
#include "postgres/controldata.hpp"
#include "system/files.hpp"
#include "system/shell.hpp"
#include "system/units.hpp"

namespace fs = std::filesystem;

namespace pgaf::migrate {

namespace {

constexpr int kOldestSource = 14;  // of the functions by which contents are compared
constexpr int kVersionUnit = 10000;

void require_versions_and_rights(Connection &old_server, Connection &new_server) {
    for (auto *server : {&old_server, &new_server}) {
        if (server->single("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") != "t") {
            throw HelperError(
                ExitCode::Refused, fmt::format("user \"{}\" is no superuser", server->single("SELECT current_user")),
                "Name a superuser of the old cluster as user in --from: roles and their passwords are read.");
        }
    }
    const auto old_version = std::stoi(old_server.single("SHOW server_version_num")) / kVersionUnit;
    const auto new_version = std::stoi(new_server.single("SHOW server_version_num")) / kVersionUnit;
    if (old_version < kOldestSource || old_version > new_version) {
        throw HelperError(ExitCode::Refused,
                          fmt::format("the old cluster is of PostgreSQL {}, the new of {}", old_version, new_version),
                          fmt::format("Migrate from {} or later, to the same or a later major.", kOldestSource));
    }
}

void require_extensions(const Migration &migration, const std::vector<Database> &databases, Connection &new_server) {
    const auto available = names_by(new_server, "SELECT name FROM pg_available_extensions");
    for (const auto &database : databases) {
        auto connection = migration.old_server.connect(database.name);
        for (const auto &extension : names_by(connection, "SELECT extname FROM pg_extension")) {
            if (!available.contains(extension)) {
                throw HelperError(
                    ExitCode::Refused,
                    fmt::format("database \"{}\" has extension \"{}\", which is not installed for the new cluster",
                                database.name, extension),
                    "Install its package for the new major on every node of the new cluster.");
            }
        }
    }
}

// CREATE TABLESPACE needs the directory that the old cluster has, on every node.
void require_tablespaces(const Migration &migration, Connection &old_server, Connection &new_server) {
    const auto there = names_by(new_server, "SELECT spcname FROM pg_tablespace");
    const auto rows = old_server.query(
        "SELECT spcname, pg_tablespace_location(oid) AS location FROM pg_tablespace"
        " WHERE pg_tablespace_location(oid) <> ''");
    for (int row = 0; row < rows.size(); ++row) {
        const fs::path location = rows.text(row, "location");
        if (there.contains(rows.text(row, "spcname"))) {
            continue;
        }
        std::error_code error;
        if (!fs::is_directory(location, error) || owner_of(location).uid != migration.node.owner.uid ||
            !fs::is_empty(location, error)) {
            throw HelperError(ExitCode::Refused,
                              fmt::format("tablespace \"{}\" needs \"{}\", an empty directory of {} on this host",
                                          rows.text(row, "spcname"), location.string(), migration.node.owner.name),
                              fmt::format("On every node of the new cluster: {}, or first create the "
                                          "tablespace there yourself at another place.",
                                          shell_line({"install", "-d", "-o", migration.node.owner.name, "-m", "700",
                                                      location.string()})));
        }
    }
}

// The databases that are there before, each of them empty.
std::set<std::string> databases_in_place(const Migration &migration, Connection &new_server) {
    std::set<std::string> in_place;
    for (const auto &database : databases_of(new_server)) {
        auto connection = migration.new_server.connect(database.name);
        if (has_user_objects(connection)) {
            throw HelperError(ExitCode::Refused,
                              fmt::format("database \"{}\" of the new cluster is not empty", database.name),
                              "Make the new cluster again, or drop what is in it: a migration fills an empty one.");
        }
        in_place.insert(database.name);
    }
    return in_place;
}

void require_same_locale(const Migration &migration, const std::vector<Database> &databases, Connection &new_server) {
    const auto there = databases_of(new_server);
    for (const auto &database : databases) {
        const auto same_name = std::ranges::find(there, database.name, &Database::name);
        if (same_name == there.end() || same_name->locale == database.locale) {
            continue;
        }
        auto connection = migration.old_server.connect(database.name);
        if (has_user_objects(connection)) {
            throw HelperError(ExitCode::Refused,
                              fmt::format("database \"{}\" is of {} in the old cluster, of {} in the new",
                                          database.name, database.locale, same_name->locale),
                              "Make the new cluster by initdb with the --encoding and --locale of the old one, before "
                              "pg_autoctl create.");
        }
    }
}

void require_room(const Migration &migration, const std::vector<Database> &databases) {
    const auto bytes =
        std::accumulate(databases.begin(), databases.end(), std::uint64_t{0},
                        [](std::uint64_t sum, const Database &database) { return sum + database.bytes; });
    struct statvfs status{};
    if (::statvfs(migration.node.data_dir.c_str(), &status) != 0) {
        return;
    }
    if (const std::uint64_t there = status.f_bavail * status.f_frsize; there < bytes) {
        throw HelperError(ExitCode::Refused,
                          fmt::format("\"{}\" has room for {} MB, and the databases of the old cluster have {} MB",
                                      migration.node.data_dir.string(), there / kMegabyte, bytes / kMegabyte + 1),
                          "Make room there; the dumps can be elsewhere, by --dumps.");
    }
}

}  // namespace

void examine(const Migration &migration, const std::vector<Database> &databases) {
    auto old_server = migration.old_server.connect(migration.old_server.first_database());
    auto new_server = migration.new_server.connect("postgres");
    if (new_server.single("SELECT pg_is_in_recovery()") == "t") {
        throw HelperError(ExitCode::Refused, fmt::format("\"{}\" is a standby", migration.node.pgdata.string()),
                          "Run pgaf-upgrade migrate on the primary of the new cluster.");
    }
    const auto old_identifier = system_identifier_of(old_server);
    const auto new_identifier = system_identifier_of(new_server);
    if (old_identifier == new_identifier) {
        throw HelperError(ExitCode::Refused, "--from names the cluster of this node itself",
                          "Name the old cluster with --from.");
    }
    if (migration.state.exists()) {
        const auto &state = migration.state.get();
        if (state.old_identifier != old_identifier || state.new_identifier != new_identifier) {
            throw HelperError(
                ExitCode::Refused,
                fmt::format("this migration was begun between the clusters {} and {}, and these are {} and {}",
                            state.old_identifier, state.new_identifier, old_identifier, new_identifier),
                fmt::format("Where the new cluster was made again, remove \"{}\".",
                            (migration.node.work_dir() / "migration.json").string()));
        }
        return;
    }
    require_versions_and_rights(old_server, new_server);
    const auto in_place = databases_in_place(migration, new_server);
    require_same_locale(migration, databases, new_server);
    require_extensions(migration, databases, new_server);
    require_tablespaces(migration, old_server, new_server);
    require_room(migration, databases);
    migration.state.change([&](State::Content &content) {
        content.old_identifier = old_identifier;
        content.new_identifier = new_identifier;
        content.refuse_writes = migration.options.refuse_writes;
        content.in_place = in_place;
    });
}

}  // namespace pgaf::migrate
