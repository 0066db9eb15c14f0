#include "cluster/kept_statistics.hpp"

#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "run/sessions.hpp"
#include "system/document.hpp"
#include "system/files.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr const char *kNoted = "statistics noted";

constexpr const char *kStatistics =
    "SELECT DISTINCT pg_catalog.format('%s %I.%I', CASE WHEN s.stainherit THEN 'inherited' ELSE 'own' END,"
    "                                  n.nspname, c.relname)"
    "  FROM pg_catalog.pg_statistic s JOIN pg_catalog.pg_class c ON c.oid = s.starelid"
    "  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relpersistence <> 't'"
    " UNION ALL "
    "SELECT pg_catalog.format('%s %I.%I', CASE WHEN d.stxdinherit THEN 'extended inherited' ELSE 'extended' END,"
    "                         n.nspname, e.stxname)"
    "  FROM pg_catalog.pg_statistic_ext_data d JOIN pg_catalog.pg_statistic_ext e ON e.oid = d.stxoid"
    "  JOIN pg_catalog.pg_namespace n ON n.oid = e.stxnamespace";

// What ANALYZE can make, and of which table: it makes none of what is empty, and then reltuples is 0; where it has
// never been it is -1.
constexpr const char *kPossible =
    "WITH relation AS"
    " (SELECT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, c.relkind, c.reltuples <> 0 AS has_rows,"
    "         EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid) AS has_parts"
    "    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    "   WHERE c.relpersistence <> 't')"
    "SELECT 'own ' || name, name FROM relation WHERE relkind IN ('r', 'm', 'f') AND has_rows"
    " UNION ALL "
    "SELECT 'own ' || i.name, t.name FROM relation i JOIN pg_catalog.pg_index x ON x.indexrelid = i.oid"
    "  JOIN relation t ON t.oid = x.indrelid WHERE i.has_rows AND t.has_rows"
    " UNION ALL "
    "SELECT 'inherited ' || name, name FROM relation"
    " WHERE has_parts AND (relkind IN ('r', 'f') OR relkind = 'p' AND has_rows)"
    " UNION ALL "
    "SELECT pg_catalog.format('%s %I.%I', kind, n.nspname, e.stxname), r.name"
    "  FROM pg_catalog.pg_statistic_ext e JOIN pg_catalog.pg_namespace n ON n.oid = e.stxnamespace"
    "  JOIN relation r ON r.oid = e.stxrelid"
    "  CROSS JOIN (VALUES ('extended'), ('extended inherited')) AS kinds (kind)"
    " WHERE r.has_rows AND (r.has_parts OR kind = 'extended')";

fs::path file_of(const Context &context) {
    return context.node.work_dir() / "statistics_before.json";
}

}  // namespace

StatisticsNames statistics_of(Connection &server) {
    StatisticsNames statistics;
    const auto rows = server.query(kStatistics);
    for (int row = 0; row < rows.size(); ++row) {
        statistics.insert(as_utf8(rows.value(row, 0).value_or("")));
    }
    return statistics;
}

void note_statistics(const Context &context) noexcept {
    static_cast<void>(with_errors_logged("what statistics there are is not noted", [&] {
        auto server = context.local_server();
        auto noted = nlohmann::json::object();
        for (const auto &name : databases_of(server)) {
            static_cast<void>(with_errors_logged(fmt::format("statistics of database \"{}\"", name), [&] {
                auto database = context.node.connect_locally(name);  // at once, or not: the switch waits
                noted[as_utf8(name)] = statistics_of(database);
            }));
        }
        write_file(file_of(context), noted.dump());
        context.journal.note(kNoted, std::to_string(context.plan.run));
    }));
}

std::optional<std::map<std::string, StatisticsNames>> noted_statistics(const Context &context) {
    if (!context.journal.has_note(kNoted, std::to_string(context.plan.run)) || !fs::exists(file_of(context))) {
        return std::nullopt;
    }
    try {
        return nlohmann::json::parse(read_file(file_of(context))).get<std::map<std::string, StatisticsNames>>();
    } catch (const nlohmann::json::exception &error) {
        spdlog::warn("what statistics there were is not known: {}", error.what());
        return std::nullopt;
    }
}

std::vector<LostStatistics> lost_statistics(Connection &server, const StatisticsNames &before) {
    const auto after = statistics_of(server);
    const auto possible = server.query(kPossible);
    std::vector<LostStatistics> lost;
    for (int row = 0; row < possible.size(); ++row) {
        auto what = as_utf8(possible.value(row, 0).value_or(""));
        if (before.contains(what) && !after.contains(what)) {
            lost.push_back({std::move(what), as_utf8(possible.value(row, 1).value_or(""))});
        }
    }
    return lost;
}

}  // namespace pgaf
