#include <set>

#include <fmt/format.h>

#include "checks/check.hpp"
#include "checks/trial.hpp"

namespace pgaf {

namespace {

Findings new_cluster(Subject &subject) {
    static_cast<void>(subject.server());
    if (const auto &error = subject.trial_error(); !error.empty()) {
        return {{error}};
    }
    return {};
}

Findings same_layout(Subject &subject) {
    const auto &trial = subject.trial();
    Findings findings;
    for (const auto *parameter : {"block_size", "wal_block_size", "segment_size"}) {
        const auto before =
            subject.server().single("SELECT setting FROM pg_catalog.pg_settings WHERE name = $1", {parameter});
        // a count of blocks or bytes, with or without its unit, as each of the two prints it
        const auto after = trial.configured(parameter);
        const auto digits = [](const std::string &text) {
            return text.substr(0, text.find_first_not_of("0123456789"));
        };
        if (digits(before) != digits(after)) {
            findings.push_back({fmt::format("{} is {}, that of the new programs {}", parameter, before, after)});
        }
    }
    return findings;
}

Findings extensions_available(Subject &subject) {
    auto server = subject.trial().connect();
    std::set<std::string> available;
    const auto rows = server.query("SELECT name FROM pg_catalog.pg_available_extensions");
    for (int row = 0; row < rows.size(); ++row) {
        available.insert(rows.text(row, "name"));
    }
    Findings findings;
    subject.each_database("SELECT extname FROM pg_catalog.pg_extension ORDER BY 1", [&](const std::string &database,
                                                                                        const Rows &extensions) {
        for (int row = 0; row < extensions.size(); ++row) {
            if (const auto name = extensions.text(row, "extname"); !available.contains(name)) {
                findings.push_back({fmt::format("extension \"{}\" in database \"{}\"", name, database)});
            }
        }
    });
    return findings;
}

Findings libraries_load(Subject &subject) {
    auto &trial = subject.trial();
    if (!trial.start_error().empty()) {
        throw NotExamined("the new server does not start with the carried configuration");
    }
    std::map<std::string, std::string> used;  // library, a database that uses it
    subject.each_database(
        "SELECT DISTINCT probin FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang"
        " WHERE l.lanname = 'c' AND p.oid >= 16384 AND probin IS NOT NULL",
        [&](const std::string &database, const Rows &rows) {
            for (int row = 0; row < rows.size(); ++row) {
                used.emplace(rows.text(row, "probin"), database);
            }
        });
    auto server = trial.connect();
    Findings findings;
    for (const auto &[library, database] : used) {
        try {
            server.query("LOAD " + server.single("SELECT pg_catalog.quote_literal($1)", {library}));
        } catch (const PgError &error) {
            findings.push_back({fmt::format("\"{}\", used in database \"{}\": {}", library, database, error.what())});
            if (error.connection_lost()) {
                return findings;
            }
        }
    }
    return findings;
}

// Indexes by the collation that orders them: locale, provider, and the version that they were built
// with, as it is recorded; those of the C library and of ICU have one.
constexpr const char *kCollatedIndexes =
    "SELECT c.collprovider AS provider, c.locale, c.recorded, c.actual,"
    "       pg_catalog.count(DISTINCT i.indexrelid) AS number,"
    "       pg_catalog.min(i.indexrelid::pg_catalog.regclass::text) AS example"
    "  FROM pg_catalog.pg_index i CROSS JOIN LATERAL pg_catalog.unnest(i.indcollation) AS k (id)"
    "  JOIN (SELECT c.oid, c.collprovider, coalesce(pg_catalog.to_jsonb(c) ->> 'colliculocale',"
    "               pg_catalog.to_jsonb(c) ->> 'colllocale', collcollate) AS locale,"
    "               collversion AS recorded, pg_catalog.pg_collation_actual_version(c.oid) AS actual"
    "          FROM pg_catalog.pg_collation c WHERE c.collprovider IN ('c', 'i')"
    "        UNION ALL"
    "        SELECT 100, datlocprovider, coalesce(pg_catalog.to_jsonb(d) ->> 'daticulocale',"
    "               pg_catalog.to_jsonb(d) ->> 'datlocale', datcollate),"
    "               datcollversion, pg_catalog.pg_database_collation_actual_version(d.oid)"
    "          FROM pg_catalog.pg_database d WHERE datname = pg_catalog.current_database()) c ON c.oid = k.id"
    " WHERE i.indexrelid >= 16384 AND c.recorded IS NOT NULL GROUP BY 1, 2, 3, 4 ORDER BY 1, 2";

// What the new server's ICU says; nothing when it does not know the locale.
std::optional<std::string> version_in(Connection &server, const std::string &icu_locale) {
    try {
        server.query("CREATE COLLATION public.pgaf_upgrade_probe (provider = icu, locale = " +
                     server.single("SELECT pg_catalog.quote_literal($1)", {icu_locale}) + ")");
        const auto version =
            server.single("SELECT collversion FROM pg_catalog.pg_collation WHERE collname = 'pgaf_upgrade_probe'");
        server.query("DROP COLLATION public.pgaf_upgrade_probe");
        return version;
    } catch (const PgError &) {
        return std::nullopt;
    }
}

Findings collation_versions(Subject &subject) {
    auto new_server = subject.trial().connect();
    Findings findings;
    subject.each_database(kCollatedIndexes, [&](const std::string &database, const Rows &rows) {
        for (int row = 0; row < rows.size(); ++row) {
            const bool icu = rows.text(row, "provider") == "i";
            const auto locale = rows.text(row, "locale");
            // both servers use the one C library of this host
            const auto now = icu ? version_in(new_server, locale).value_or("unknown") : rows.text(row, "actual");
            if (now == rows.text(row, "recorded")) {
                continue;
            }
            findings.push_back(
                {fmt::format("{} index{} in database \"{}\" by {} \"{}\", from version {} to {}: {}{}",
                             rows.text(row, "number"), rows.text(row, "number") == "1" ? "" : "es", database,
                             icu ? "ICU" : "the C library's", locale, rows.text(row, "recorded"), now,
                             rows.text(row, "example"), rows.text(row, "number") == "1" ? "" : ", …")});
        }
    });
    return findings;
}

}  // namespace

std::vector<Check> new_server_checks() {
    return {{"new_cluster", Severity::Error, Where::EveryNode, "no cluster like the old one can be made",
             "See what initdb says.", new_cluster},
            {"same_layout", Severity::Error, Where::EveryNode, "pg_upgrade refuses data files of another layout",
             "Install programs of the target that were built with the old ones' sizes.", same_layout},
            {"extensions_available", Severity::Error, Where::EveryNode,
             "the new installation lacks it, and its objects could not be used or updated",
             "Install its package for the target, or DROP EXTENSION it.", extensions_available},
            {"libraries_load", Severity::Error, Where::EveryNode, "functions in it could not be restored",
             "Install its package for the target, or drop the functions that use it.", libraries_load},
            {"collation_versions", Severity::Error, Where::Upgraded,
             "rows sort otherwise than the index has them: searches miss rows, unique keys may repeat",
             "Waive this, and after the upgrade: REINDEX the index, then ALTER DATABASE or COLLATION … REFRESH"
             " VERSION.",
             collation_versions}};
}

}  // namespace pgaf
