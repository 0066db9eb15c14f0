#include <array>
#include <chrono>

#include <fmt/format.h>

#include "checks/check.hpp"

namespace pgaf {

namespace {

// From here on maintenance runs with search_path = pg_catalog, pg_temp, whatever a session has.
constexpr int kFirstWithSafePath = 17;
constexpr std::chrono::minutes kTriedFor{1};  // of all tables

// The tables of which ANALYZE evaluates expressions that call functions that somebody has written here, and that have
// no search_path of their own; with what to do about those functions.
constexpr const char *kTables =
    "WITH expression AS"
    " (SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS classid, i.indexrelid AS objid, i.indrelid AS relid"
    "    FROM pg_catalog.pg_index i WHERE i.indexprs IS NOT NULL OR i.indpred IS NOT NULL"
    "  UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, e.oid, e.stxrelid"
    "    FROM pg_catalog.pg_statistic_ext e WHERE e.stxexprs IS NOT NULL),"
    " called AS"
    " (SELECT x.relid, coalesce(o.oprcode::pg_catalog.oid, d.refobjid) AS proc FROM expression x"
    "    JOIN pg_catalog.pg_depend d ON d.classid = x.classid AND d.objid = x.objid"
    "     AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass,"
    "                          'pg_catalog.pg_operator'::pg_catalog.regclass)"
    "    LEFT JOIN pg_catalog.pg_operator o ON d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass"
    "     AND o.oid = d.refobjid)"
    "SELECT c.oid::pg_catalog.regclass AS name, pg_catalog.string_agg(DISTINCT pg_catalog.format("
    "         'ALTER FUNCTION %s SET search_path = %I, pg_temp;', p.oid::pg_catalog.regprocedure, n.nspname), ' ') AS "
    "remedy"
    "  FROM called JOIN pg_catalog.pg_proc p ON p.oid = called.proc"
    "  JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND l.lanname NOT IN ('c', 'internal')"
    "  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace"
    "  JOIN pg_catalog.pg_class c ON c.oid = called.relid AND c.relkind IN ('r', 'm') AND c.relpersistence <> 't'"
    " WHERE p.oid >= 16384 AND NOT EXISTS"
    "       (SELECT FROM pg_catalog.unnest(p.proconfig) AS setting WHERE setting LIKE 'search_path=%')"
    " GROUP BY c.oid ORDER BY c.oid";

// An application is let pass, and a table on which it takes long is left.
constexpr std::array kTry{"BEGIN READ ONLY", "SET LOCAL search_path = pg_catalog, pg_temp",
                          "SET LOCAL default_statistics_target = 1", "SET LOCAL lock_timeout = '500 ms'",
                          "SET LOCAL statement_timeout = '5 s'"};

bool is_of_the_moment(const std::string &sqlstate) {
    return sqlstate == "57014" || sqlstate == "55P03" || sqlstate.starts_with("40");
}

// The old server has ANALYZE call the functions as the table's owner, who can do no more in it than there: no session
// of ours calls them. It is undone, and leaves the statistics as they are.
std::string error_of(Connection &server, const std::string &table) {
    std::string said;
    for (const auto *statement : kTry) {
        server.query(statement);
    }
    try {
        server.query("ANALYZE " + table);
    } catch (const PgError &error) {
        if (error.connection_lost()) {
            throw;
        }
        said = is_of_the_moment(error.sqlstate()) ? "" : error.what();
    }
    server.query("ROLLBACK");
    return said;
}

Findings index_functions(Subject &subject) {
    if (subject.installation.source >= kFirstWithSafePath || subject.target < kFirstWithSafePath) {
        return {};
    }
    Findings findings;
    const auto deadline = std::chrono::steady_clock::now() + kTriedFor;
    subject.each_database(kTables, [&](const std::string &database, const Rows &tables) {
        if (tables.size() == 0 || std::chrono::steady_clock::now() > deadline) {
            return;
        }
        auto server = subject.node.connect_locally(database);
        for (int row = 0; row < tables.size() && std::chrono::steady_clock::now() < deadline; ++row) {
            const auto table = tables.text(row, "name");
            if (const auto error = error_of(server, table); !error.empty()) {
                findings.push_back({fmt::format("table {} in database \"{}\": {}", table, database, error),
                                    fmt::format("In database \"{}\": {} Or name what they call with its schema.",
                                                database, tables.text(row, "remedy"))});
            }
        }
    });
    return findings;
}

}  // namespace

std::vector<Check> index_checks() {
    return {{"index_functions", Severity::Warning, Where::Upgraded,
             "ANALYZE and autovacuum of the table fail from PostgreSQL 17 on, whose safe search_path hides what a "
             "function of "
             "an index calls",
             "Give the functions that its indexes call a search_path.", index_functions}};
}

}  // namespace pgaf
