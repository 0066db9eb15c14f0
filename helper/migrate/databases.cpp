#include "migrate/databases.hpp"

#include <fmt/format.h>

#include "migrate/statements.hpp"

namespace pgaf::migrate {

std::vector<Database> databases_of(Connection &server) {
    // one that a DROP DATABASE has left half removed has the limit -2, and nobody can connect to it
    const auto rows = server.query(
        "SELECT oid, datname, datistemplate, datallowconn, pg_database_size(oid) AS bytes,"
        "       format('%s, %s, %s', pg_encoding_to_char(encoding), datcollate, datctype) AS locale"
        "  FROM pg_database WHERE datname <> 'template0' AND datconnlimit <> -2 ORDER BY datname");
    std::vector<Database> databases;
    for (int row = 0; row < rows.size(); ++row) {
        if (rows.text(row, "datallowconn") != "t") {
            throw HelperError(ExitCode::Refused,
                              fmt::format("database \"{}\" takes no connections", rows.text(row, "datname")),
                              fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS true, or drop it.",
                                          quote_identifier(rows.text(row, "datname"))));
        }
        databases.push_back({.oid = std::stoull(rows.text(row, "oid")),
                             .name = rows.text(row, "datname"),
                             .is_template = rows.text(row, "datistemplate") == "t",
                             .bytes = std::stoull(rows.text(row, "bytes")),
                             .locale = rows.text(row, "locale")});
    }
    return databases;
}

bool exists_in(Connection &server, const std::string &database) {
    return server.single("SELECT count(*) FROM pg_database WHERE datname = $1", {database}) == "1";
}

std::set<std::string> names_by(Connection &server, const char *query) {
    std::set<std::string> found;
    const auto rows = server.query(query);
    for (int row = 0; row < rows.size(); ++row) {
        found.insert(rows.value(row, 0).value_or(""));
    }
    return found;
}

std::string system_identifier_of(Connection &server) {
    // a bigint, whose sign is no part of it
    return server.single(
        "SELECT CASE WHEN system_identifier < 0 THEN system_identifier + 18446744073709551616::numeric"
        " ELSE system_identifier END FROM pg_control_system()");
}

bool has_user_objects(Connection &database) {
    constexpr const char *kObjects = R"(
SELECT EXISTS (
  SELECT FROM (SELECT 'pg_class'::regclass AS kind, oid FROM pg_class WHERE relpersistence <> 't' AND relkind <> 't'
                  AND relnamespace <> 'pg_toast'::regnamespace
               UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc
               UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typnamespace <> 'pg_toast'::regnamespace
               UNION ALL SELECT 'pg_namespace'::regclass, oid FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
               UNION ALL SELECT 'pg_largeobject'::regclass, oid FROM pg_largeobject_metadata) AS object
   WHERE oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend
         WHERE classid = kind AND objid = object.oid AND refclassid = 'pg_extension'::regclass AND deptype = 'e')))";
    return database.single(kObjects) == "t";
}

}  // namespace pgaf::migrate
