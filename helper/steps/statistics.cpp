#include "steps/steps.hpp"

#include <array>
#include <map>
#include <set>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "cluster/analyze.hpp"
#include "cluster/kept_statistics.hpp"
#include "cluster/subscriptions.hpp"
#include "run/data_size.hpp"
#include "run/parts.hpp"
#include "run/sessions.hpp"
#include "run/warnings.hpp"
#include "system/document.hpp"
#include "system/fault.hpp"

namespace pgaf {

namespace {

struct Stage {
    const char *name;
    std::vector<std::string> settings;
};

// As vacuumdb --analyze-in-stages has them. In the first two nobody is waited for: the last one comes there again.
const std::array<Stage, 3> &stages() {
    static const std::array<Stage, 3> all{
        {{"stage 1 of 3", {"default_statistics_target = 1", "vacuum_cost_delay = 0", "lock_timeout = '1 s'"}},
         {"stage 2 of 3", {"default_statistics_target = 10", "lock_timeout = '1 s'"}},
         {"stage 3 of 3", {"lock_timeout = '1 min'"}}}};
    return all;
}

struct Relation {
    TableToAnalyze table;
    std::string oid;
    std::string kind;
    std::vector<std::string> ancestors;  // of a partition, the nearest first
};

std::vector<std::string> split(const std::string &text) {
    std::vector<std::string> parts;
    for (std::size_t from = 0; from < text.size();) {
        const auto to = std::min(text.find(',', from), text.size());
        parts.push_back(text.substr(from, to - from));
        from = to + 1;
    }
    return parts;
}

std::vector<Relation> relations_of(Connection &server) {
    const auto rows = server.query(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, c.oid, c.relkind AS kind,"
        "       CASE WHEN c.relispartition THEN"
        "            (SELECT pg_catalog.string_agg(a.relid::pg_catalog.oid::text, ',' ORDER BY a.place)"
        "               FROM pg_catalog.pg_partition_ancestors(c.oid) WITH ORDINALITY AS a (relid, place)"
        "              WHERE a.relid <> c.oid) END AS ancestors"
        "  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'm', 'p', 'f') AND c.relpersistence <> 't' ORDER BY c.relpages DESC, c.oid");
    std::vector<Relation> relations;
    for (int row = 0; row < rows.size(); ++row) {
        const auto name = rows.text(row, "name");
        relations.push_back({{name, "ANALYZE " + name},
                             rows.text(row, "oid"),
                             rows.text(row, "kind"),
                             split(rows.text(row, "ancestors"))});
    }
    return relations;
}

// Every table and materialized view; of partitioned and foreign tables those that had statistics before, where that is
// known. A statement for a partitioned table analyzes all that lies below it.
std::vector<TableToAnalyze> tables_of(Connection &server, const std::optional<StatisticsNames> &before) {
    const auto relations = relations_of(server);
    const auto had = [&](const char *kind, const Relation &relation) {
        return before ? before->contains(fmt::format("{} {}", kind, as_utf8(relation.table.name)))
                      : relation.kind == "p";
    };
    std::set<std::string> parents;
    for (const auto &relation : relations) {
        if (relation.kind == "p" && had("inherited", relation)) {
            parents.insert(relation.oid);
        }
    }
    std::map<std::string, TableToAnalyze> wholes;  // by the topmost of them
    std::vector<TableToAnalyze> tables;
    for (const auto &relation : relations) {
        std::string top = parents.contains(relation.oid) ? relation.oid : "";
        for (const auto &ancestor : relation.ancestors) {
            top = parents.contains(ancestor) ? ancestor : top;
        }
        const bool is_wanted = relation.kind == "r" || relation.kind == "m" ||
                               (relation.kind == "f" && had("own", relation)) || parents.contains(relation.oid);
        if (top == relation.oid) {
            auto &whole = wholes[top];
            whole.name = relation.table.name;
            whole.statement = relation.table.statement;
        } else if (is_wanted && top.empty()) {
            tables.push_back(relation.table);
        } else if (is_wanted) {
            wholes[top].parts.push_back(relation.table);
        }
    }
    for (auto &[oid, whole] : wholes) {
        tables.push_back(std::move(whole));
    }
    return tables;
}

// What went on without a search_path of its own in PostgreSQL before 17.
bool is_missing_object(const NotAnalyzed &failure) {
    return failure.sqlstate == "42883" || failure.sqlstate == "42P01" || failure.sqlstate == "42704";
}

class Gathering {
  public:
    Gathering(const Context &context, Warnings &warnings)
        : context_(context),
          warnings_(warnings),
          before_(noted_statistics(context)),
          deadline_(std::chrono::steady_clock::now() + context.limit(statistics_limit(data_size(context)))) {
        auto server = context.local_server();
        databases_ = databases_of(server);
    }

    // Whole, at once. One that was dropped since is no longer there: all tables come after it anyway.
    void busiest() {
        const auto busiest = context_.journal.result(steps::kDryRun).value("busiest", nlohmann::json::object());
        for (const auto &[database, names] : busiest.items()) {
            std::vector<TableToAnalyze> tables;
            for (const auto &name : names) {
                tables.push_back({name.get<std::string>(), "ANALYZE " + name.get<std::string>()});
            }
            for (const auto &failure : analyze(database, tables, {"the busiest tables", {"lock_timeout = '1 s'"}})) {
                spdlog::info("not analyzed first: {} in database \"{}\": {}", failure.name, database, failure.error);
            }
        }
    }

    void all() {
        for (const auto &stage : stages()) {
            const bool is_last = &stage == &stages().back();
            for (const auto &database : databases_) {
                for (const auto &failure : gather(database, stage)) {
                    spdlog::warn("{}: {} in database \"{}\": {}", stage.name, failure.name, database, failure.error);
                    if (is_last) {
                        warn(database, failure);
                    }
                }
            }
        }
    }

  private:
    std::vector<NotAnalyzed> analyze(const std::string &database, const std::vector<TableToAnalyze> &tables,
                                     const Stage &stage) {
        return analyze_tables(context_, database, tables,
                              {.settings = stage.settings, .stage = stage.name, .deadline = deadline_});
    }

    // A database that is gone, or lets nobody in, holds up no other.
    std::vector<NotAnalyzed> gather(const std::string &database, const Stage &stage) {
        std::vector<TableToAnalyze> tables;
        try {
            auto server = context_.local_server(database);
            std::optional<StatisticsNames> before;
            if (before_) {
                before = (*before_)[as_utf8(database)];
            }
            tables = tables_of(server, before);
        } catch (const HelperError &error) {
            return {{"", error.what(), ""}};
        }
        return analyze(database, tables, stage);
    }

    void warn(const std::string &database, const NotAnalyzed &failure) {
        if (failure.name.empty()) {
            warnings_.add(fmt::format("statistics of database \"{}\"", database), failure.error,
                          fmt::format("Type vacuumdb --analyze-only {}.", database));
            return;
        }
        const auto analyze = fmt::format("In database \"{}\": ANALYZE {};", database, failure.name);
        warnings_.add(fmt::format("statistics of {} in database \"{}\"", failure.name, database), failure.error,
                      is_missing_object(failure)
                          ? "Set the search_path of the functions that its indexes call: ALTER FUNCTION name SET "
                            "search_path = schema, pg_temp; " +
                                analyze
                          : analyze);
    }

    const Context &context_;
    Warnings &warnings_;
    std::optional<std::map<std::string, StatisticsNames>> before_;
    std::chrono::steady_clock::time_point deadline_;
    std::vector<std::string> databases_;
};

}  // namespace

// pg_upgrade carries over no statistics. The tables that were used most come first; then all, in stages: rough ones
// soon, so that no plan is made without any. What vacuumdb does, but for partitioned tables, and for ending at the
// first table that fails.
nlohmann::json Statistics::perform(const Context &context) const {
    const FaultWatch watch(steps::kStatistics, "middle", std::chrono::milliseconds(200));
    Parts parts;
    Warnings warnings;
    if (context.role() == Role::Primary) {
        carry_subscriptions(context, warnings);  // likewise not carried; it takes no time, and others wait for it
        parts.lap("subscriptions");
    }
    Gathering gathering(context, warnings);
    gathering.busiest();
    parts.lap("the busiest tables");
    gathering.all();
    parts.lap("all tables, in stages");
    return {{"parts", parts.json()}, {"warnings", warnings.json()}};
}

}  // namespace pgaf
