#include <fmt/format.h>

#include "checks/check.hpp"

namespace pgaf {

namespace {

// Of each database, a finding for each of the first rows, in words that the query makes.
Findings rows_of_all(Subject &subject, const std::string &query) {
    constexpr int kEnough = 50;
    Findings findings;
    subject.each_database(query, [&](const std::string &database, const Rows &rows) {
        for (int row = 0; row < std::min(rows.size(), kEnough); ++row) {
            findings.push_back({fmt::format("{} in database \"{}\"", rows.value(row, 0).value_or(""), database)});
        }
        if (rows.size() > kEnough) {
            findings.push_back({fmt::format("{} more in database \"{}\"", rows.size() - kEnough, database)});
        }
    });
    return findings;
}

// A standby that is made anew from the primary's files has them empty; they were empty there before, too.
Findings unlogged_tables(Subject &subject) {
    return rows_of_all(subject,
                       "SELECT pg_catalog.format('table %s', c.oid::pg_catalog.regclass) FROM pg_catalog.pg_class c"
                       " WHERE relpersistence = 'u' AND relkind = 'r' ORDER BY 1");
}

// pg_dump leaves the schema out, since it takes all in it for PostgreSQL's own.
Findings objects_in_pg_catalog(Subject &subject) {
    return rows_of_all(
        subject,
        "SELECT pg_catalog.pg_describe_object(o.classid, o.objid, 0) FROM"
        " (SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS classid, oid AS objid, relnamespace AS namespace"
        "    FROM pg_catalog.pg_class WHERE relkind IN ('r', 'v', 'm', 'S', 'p', 'f')"
        "  UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, pronamespace FROM pg_catalog.pg_proc"
        "  UNION ALL SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, oid, oprnamespace"
        "    FROM pg_catalog.pg_operator) o"
        " WHERE o.objid >= 16384 AND o.namespace = 'pg_catalog'::pg_catalog.regnamespace"
        "   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = o.classid AND d.objid = o.objid"
        "                      AND d.deptype = 'e') ORDER BY 1");
}

int sum_of_all(Subject &subject, const std::string &query) {
    int sum = 0;
    subject.each_database(query, [&sum](const std::string &, const Rows &rows) {
        sum += std::atoi(rows.value(0, 0).value_or("").c_str());
    });
    return sum;
}

// pg_upgrade's time grows with them and not with the bytes.
Findings many_relations(Subject &subject) {
    constexpr int kMany = 5000;
    const int number = sum_of_all(subject, "SELECT count(*) FROM pg_catalog.pg_class WHERE oid >= 16384");
    return number > kMany ? Findings{{fmt::format("{} tables, indexes, sequences and views", number)}} : Findings{};
}

Findings large_objects(Subject &subject) {
    constexpr int kMany = 1000;
    const int number = sum_of_all(subject, "SELECT count(*) FROM pg_catalog.pg_largeobject_metadata");
    return number > kMany ? Findings{{fmt::format("{} large objects", number)}} : Findings{};
}

}  // namespace

std::vector<Check> content_checks() {
    return {{"objects_in_pg_catalog", Severity::Error, Where::Upgraded,
             "what was made in schema pg_catalog is not dumped: it is lost, and what depends on it fails",
             "ALTER … SET SCHEMA, or make it again after the upgrade.", objects_in_pg_catalog},
            {"unlogged_tables", Severity::Warning, Where::Upgraded, "it is empty on every standby, now and afterwards",
             "Nothing, as long as no standby has to take over with its rows.", unlogged_tables},
            {"many_relations", Severity::Note, Where::Upgraded, "pg_upgrade dumps and restores each definition",
             "See schema_restores for the time that it takes here.", many_relations},
            {"large_objects", Severity::Note, Where::Upgraded, "pg_upgrade dumps and restores the owner of each",
             "vacuumlo removes those that no row refers to.", large_objects}};
}

}  // namespace pgaf
