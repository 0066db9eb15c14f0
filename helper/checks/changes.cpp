#include <set>

#include <fmt/format.h>

#include "checks/check.hpp"
#include "checks/trial.hpp"

namespace pgaf {

namespace {

// What a later major does otherwise by design: nothing is wrong, and somebody will meet it.

bool crosses(const Subject &subject, int major) {
    return subject.installation.source < major && subject.target >= major;
}

// From 16 on CREATEROLE administers only roles of which it has ADMIN OPTION; those that it makes itself come with it.
constexpr const char *kRoleMakers =
    "SELECT pg_catalog.format('role %I has CREATEROLE, and no ADMIN OPTION on %s other roles%s', m.rolname, count(*),"
    "         coalesce(': ' || pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' ORDER BY r.rolname)"
    "                  FILTER (WHERE r.number <= 5), '')),"
    "       pg_catalog.format('Where it shall go on to administer one: GRANT role TO %I WITH ADMIN OPTION;', m.rolname)"
    "  FROM pg_catalog.pg_roles m"
    "  JOIN (SELECT oid, rolname, pg_catalog.row_number() OVER (ORDER BY rolname) AS number FROM pg_catalog.pg_roles"
    "         WHERE NOT rolsuper AND rolname !~ '^(pg_|pgautofailover_|autoctl)') r ON r.oid <> m.oid"
    " WHERE m.rolcreaterole AND NOT m.rolsuper AND NOT EXISTS"
    "       (SELECT FROM pg_catalog.pg_auth_members a WHERE a.roleid = r.oid AND a.member = m.oid AND a.admin_option)"
    " GROUP BY m.rolname ORDER BY m.rolname";

Findings role_administration(Subject &subject) {
    return crosses(subject, 16) ? rows_of_server(kRoleMakers)(subject) : Findings{};
}

// From 16 on each membership has its own INHERIT, which it takes from the member's when it is granted.
constexpr const char *kNotInheriting =
    "SELECT pg_catalog.format('role %I has NOINHERIT, and is a member of %s', m.rolname,"
    "         pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ' ORDER BY r.rolname)),"
    "       pg_catalog.format('To change it later: GRANT role TO %I WITH INHERIT TRUE; ALTER ROLE changes only what is"
    " granted after it.', m.rolname)"
    "  FROM pg_catalog.pg_roles m JOIN pg_catalog.pg_auth_members a ON a.member = m.oid"
    "  JOIN pg_catalog.pg_roles r ON r.oid = a.roleid"
    " WHERE NOT m.rolinherit AND m.rolname !~ '^pg_' GROUP BY m.rolname ORDER BY m.rolname";

Findings role_inheritance(Subject &subject) {
    return crosses(subject, 16) ? rows_of_server(kNotInheriting)(subject) : Findings{};
}

// From 17 on REFRESH runs with a safe search_path, as ANALYZE does for the functions of indexes.
constexpr const char *kRefreshed =
    "SELECT c.oid::pg_catalog.regclass::text AS name, pg_catalog.string_agg(DISTINCT pg_catalog.format("
    "         'ALTER FUNCTION %s SET search_path = %I, pg_temp;', p.oid::pg_catalog.regprocedure, n.nspname), ' ') AS "
    "remedy"
    "  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_rewrite w ON w.ev_class = c.oid"
    "  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid"
    "   AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass"
    "  JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid"
    "  JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND l.lanname NOT IN ('c', 'internal')"
    "  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
    " WHERE c.relkind = 'm' AND p.oid >= 16384 AND p.prosqlbody IS NULL AND NOT EXISTS"
    "       (SELECT FROM pg_catalog.unnest(p.proconfig) AS setting WHERE setting LIKE 'search_path=%')"
    " GROUP BY c.oid ORDER BY 1";

Findings materialized_views(Subject &subject) {
    Findings findings;
    if (!crosses(subject, 17)) {
        return findings;
    }
    subject.each_database(kRefreshed, [&](const std::string &database, const Rows &rows) {
        for (int row = 0; row < rows.size(); ++row) {
            findings.push_back(
                {fmt::format("materialized view {} in database \"{}\"", rows.text(row, "name"), database),
                 fmt::format("In database \"{}\": {}", database, rows.text(row, "remedy"))});
        }
    });
    return findings;
}

constexpr const char *kCatalogColumns =
    "SELECT c.relname || '.' || a.attname AS name FROM pg_catalog.pg_class c"
    "  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " WHERE c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace AND c.relkind IN ('r', 'v')";

std::set<std::string> columns_of(Connection &server) {
    std::set<std::string> names;
    const auto rows = server.query(kCatalogColumns);
    for (int row = 0; row < rows.size(); ++row) {
        names.insert(rows.text(row, "name"));
    }
    return names;
}

// The bodies of functions are restored as texts, so that nobody else looks into them.
Findings removed_columns(Subject &subject) {
    auto new_server = subject.trial().connect();
    const auto after = columns_of(new_server);
    std::string gone;
    auto before = columns_of(subject.server());
    if (crosses(subject, 17)) {
        before.insert({"pg_stat_statements.blk_read_time", "pg_stat_statements.blk_write_time"});
    }
    for (const auto &name : before) {
        if (!after.contains(name)) {
            const auto dot = name.find('.');
            gone += fmt::format("{}({}, {})", gone.empty() ? "" : ", ", quote_literal(name.substr(0, dot)),
                                quote_literal(name.substr(dot + 1)));
        }
    }
    Findings findings;
    if (gone.empty()) {
        return findings;
    }
    const auto query = fmt::format(
        "SELECT pg_catalog.format('function %s reads %s', p.oid::pg_catalog.regprocedure,"
        "         pg_catalog.string_agg(g.relation || '.' || g.name, ', ' ORDER BY g.relation, g.name)) AS found"
        "  FROM pg_catalog.pg_proc p JOIN (VALUES {}) AS g(relation, name)"
        "    ON p.prosrc ~* ('\\m' || g.relation || '\\M') AND p.prosrc ~* ('\\m' || g.name || '\\M')"
        " WHERE p.oid >= 16384 AND p.prolang NOT IN"
        "       (SELECT oid FROM pg_catalog.pg_language WHERE lanname IN ('c', 'internal'))"
        "   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::"
        "pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e')"
        " GROUP BY p.oid ORDER BY 1",
        gone);
    subject.each_database(query, [&](const std::string &database, const Rows &rows) {
        for (int row = 0; row < rows.size(); ++row) {
            findings.push_back({fmt::format("{} in database \"{}\"", rows.text(row, "found"), database)});
        }
    });
    return findings;
}

// 15 takes the library; from 16 on the archiver ends with an error at each start.
Findings archive_settings(Subject &subject) {
    if (!crosses(subject, 16)) {
        return {};
    }
    const auto &trial = subject.trial();
    if (!trial.refused().empty()) {
        throw NotExamined("the new server refuses parameters");
    }
    const auto command = trial.configured("archive_command");
    const auto library = trial.configured("archive_library");
    if (command.empty() || library.empty()) {
        return {};
    }
    return {{fmt::format("archive_command is \"{}\", and archive_library is \"{}\"", command, library)}};
}

}  // namespace

std::vector<Check> change_checks() {
    return {{"archive_settings", Severity::Error, Where::EveryNode,
             "from PostgreSQL 16 on nothing is archived where both are set, and WAL fills the disk",
             "Set one of the two to an empty string. PostgreSQL 15 goes by the library.", archive_settings},
            {"role_administration", Severity::Note, Where::Upgraded,
             "from PostgreSQL 16 on CREATEROLE alters and drops only roles of which it has ADMIN OPTION",
             "GRANT the roles WITH ADMIN OPTION where it is needed.", role_administration},
            {"role_inheritance", Severity::Note, Where::Upgraded,
             "from PostgreSQL 16 on each membership has its own INHERIT, which ALTER ROLE no longer changes",
             "Nothing. To change it later, GRANT the role anew WITH INHERIT.", role_inheritance},
            {"materialized_views", Severity::Note, Where::Upgraded,
             "from PostgreSQL 17 on REFRESH has a safe search_path, which hides what its functions call without schema",
             "Give the functions that it calls a search_path.", materialized_views},
            {"removed_columns", Severity::Note, Where::Upgraded,
             "the target has no such column, and the function fails when it is called",
             "Change the function after the upgrade. The release notes say what takes the column's place.",
             removed_columns}};
}

}  // namespace pgaf
