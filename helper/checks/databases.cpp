#include <clocale>

#include <fmt/format.h>

#include "checks/check.hpp"
#include "postgres/connection.hpp"

namespace pgaf {

namespace {

constexpr const char *kInvalidDatabases =
    "SELECT pg_catalog.format('database \"%s\"', datname), pg_catalog.format('DROP DATABASE %I;', datname)"
    "  FROM pg_catalog.pg_database WHERE datconnlimit = -2 ORDER BY datname";

Findings database_connections(Subject &subject) {
    const auto rows = subject.server().query(
        "SELECT datname, pg_catalog.quote_ident(datname) AS quoted, datallowconn FROM pg_catalog.pg_database WHERE "
        "datallowconn = (datname = 'template0')"
        " AND datconnlimit <> -2 ORDER BY 1");
    Findings findings;
    for (int row = 0; row < rows.size(); ++row) {
        const auto name = rows.text(row, "datname");
        const bool allows = rows.text(row, "datallowconn") == "t";
        findings.push_back({fmt::format("database \"{}\" allows {} connections", name, allows ? "" : "no"),
                            fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS {};", rows.text(row, "quoted"),
                                        allows ? "false" : "true")});
    }
    for (const auto *name : {"postgres", "template0", "template1"}) {
        if (subject.server().single("SELECT count(*) FROM pg_catalog.pg_database WHERE datname = $1", {name}) == "0") {
            findings.push_back({fmt::format("there is no database \"{}\"", name),
                                fmt::format("CREATE DATABASE {} TEMPLATE template0;", name)});
        }
    }
    return findings;
}

// What pg_upgrade --check does. In the switch its servers have access rules of their own, but the role is the same.
Findings superuser_connects(Subject &subject) {
    const auto role = bootstrap_superuser(subject.server());
    const auto server = subject.node.running_server();
    const auto names = subject.server().query(
        "SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND datconnlimit <> -2 ORDER BY 1");
    Findings findings;
    for (int row = 0; server && row < names.size(); ++row) {
        const auto name = names.text(row, "datname");
        try {
            const Connection connection(fmt::format("host={} port={} user={} dbname={}", quote_conninfo(server->first),
                                                    server->second, quote_conninfo(role), quote_conninfo(name)));
        } catch (const PgError &error) {
            const std::string message = error.what();
            const auto fatal = message.find("FATAL:  ");
            findings.push_back({fmt::format("{} to database \"{}\": {}", role, name,
                                            fatal == std::string::npos ? message : message.substr(fatal + 8))});
        }
    }
    return findings;
}

Findings database_locales(Subject &subject) {
    const auto rows = subject.server().query(
        "SELECT DISTINCT datcollate AS name FROM pg_catalog.pg_database UNION"
        " SELECT datctype FROM pg_catalog.pg_database ORDER BY 1");
    Findings findings;
    for (int row = 0; row < rows.size(); ++row) {
        const auto name = rows.text(row, "name");
        if (locale_t known = ::newlocale(LC_ALL_MASK, name.c_str(), nullptr); known != nullptr) {
            ::freelocale(known);
        } else {
            findings.push_back({fmt::format("this host has no locale \"{}\"", name)});
        }
    }
    return findings;
}

}  // namespace

std::vector<Check> database_checks() {
    return {{"invalid_databases", Severity::Error, Where::Upgraded,
             "a DROP DATABASE that was interrupted left it behind, and pg_upgrade refuses it", "DROP DATABASE it.",
             rows_of_server(kInvalidDatabases)},
            {"database_connections", Severity::Error, Where::Upgraded,
             "pg_upgrade connects to every database but template0, and refuses another state", "ALTER DATABASE it.",
             database_connections},
            {"superuser_connects", Severity::Error, Where::Upgraded,
             "before the switch pg_upgrade --check connects as this role to every database, over the Unix socket",
             "Let pg_hba.conf's local lines let it in, by the owner's .pgpass where they want a password; and see that"
             " the role may LOGIN.",
             superuser_connects},
            {"database_locales", Severity::Error, Where::EveryNode, "no database can be made with it",
             "Generate the locale (Debian: dpkg-reconfigure locales).", database_locales}};
}

}  // namespace pgaf
