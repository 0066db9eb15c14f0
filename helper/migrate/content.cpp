#include "migrate/content.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pgaf::migrate {

namespace {

// No table can be named so: it has no quotes.
constexpr const char *kLargeObjects = "large objects";

// An extension's own tables come with CREATE EXTENSION, but for the rows that it has marked as the user's.
constexpr const char *kTables = R"(
SELECT format('%I.%I', n.nspname, c.relname) AS name,
       (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname COLLATE "C") FROM pg_attribute
         WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS columns,
       e.extcondition[array_position(e.extconfig, c.oid)] AS condition
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
                            AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
       LEFT JOIN pg_extension e ON e.oid = d.refobjid
 WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
       AND (e.oid IS NULL OR c.oid = ANY (e.extconfig))
 ORDER BY 1)";

constexpr const char *kSequences = R"(
SELECT format('%I.%I', n.nspname, c.relname) AS name, s.seqincrement, s.seqcycle
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid
 WHERE c.relpersistence <> 't' AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass
       AND objid = c.oid AND refclassid = 'pg_extension'::regclass AND deptype = 'e')
 ORDER BY 1)";

// Pages that are missing or end early read as zeros, and pg_dump may write those out.
constexpr const char *kLargeObjectRows = R"(
SELECT (SELECT count(*) FROM pg_largeobject_metadata) AS rows,
       coalesce(sum(hashtextextended(text, 0)), 0) || '/' || coalesce(sum(hashtextextended(text, 1)), 0) AS hash
  FROM (SELECT format('%s.%s.%s', loid, pageno, rtrim(data, '\x00'::bytea)) AS text
          FROM pg_largeobject WHERE rtrim(data, '\x00'::bytea) <> ''
         UNION ALL SELECT oid::text FROM pg_largeobject_metadata) AS pages)";

// Of what nextval() will return.
std::int64_t next_of(const Sequence &sequence) {
    return sequence.is_called ? sequence.last_value + sequence.increment : sequence.last_value;
}

bool is_between(const Sequence &before, const Sequence &after, const Sequence &sequence) {
    const auto [low, high] = std::minmax({next_of(before), next_of(after)});
    return sequence.cycles || (low <= next_of(sequence) && next_of(sequence) <= high);
}

std::string describe(const Sequence &sequence) {
    return fmt::format("{}{}", sequence.last_value, sequence.is_called ? "" : " (not yet used)");
}

void compare_sequences(const Sequences &old_ones, const Sequences &before, const Sequences &new_ones,
                       std::vector<std::string> &found) {
    for (const auto &[name, old_one] : old_ones) {
        const auto there = new_ones.find(name);
        if (there == new_ones.end()) {
            found.push_back(fmt::format("sequence {} is missing in the new cluster", name));
            continue;
        }
        const auto at_first = before.find(name);
        if (at_first == before.end() || at_first->second == old_one
                ? !(there->second == old_one)
                : !is_between(at_first->second, old_one, there->second)) {
            found.push_back(fmt::format("sequence {} is at {} in the old cluster, at {} in the new", name,
                                        describe(old_one), describe(there->second)));
        }
    }
    for (const auto &[name, sequence] : new_ones) {
        if (!old_ones.contains(name)) {
            found.push_back(fmt::format("sequence {} is in the new cluster alone", name));
        }
    }
}

}  // namespace

std::uint64_t Content::rows() const {
    return std::accumulate(tables.begin(), tables.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const auto &table) { return sum + table.second.rows; });
}

std::string query_of_rows(const std::string &table, const std::string &columns, const std::string &condition) {
    return fmt::format(
        "SELECT count(*) AS rows, coalesce(sum(hashtextextended(text, 0)), 0) || '/' ||"
        " coalesce(sum(hashtextextended(text, 1)), 0) AS hash FROM (SELECT ROW({})::text AS text FROM ONLY {}{}{}) AS "
        "r",
        columns, table, condition.empty() ? "" : " ", condition);
}

Sequences sequences_of(Connection &connection) {
    Sequences sequences;
    const auto names = connection.query(kSequences);
    for (int row = 0; row < names.size(); ++row) {
        const auto name = names.text(row, "name");
        const auto state = connection.query(fmt::format("SELECT last_value, is_called FROM {}", name));
        sequences[name] = {.last_value = std::stoll(state.text(0, "last_value")),
                           .is_called = state.text(0, "is_called") == "t",
                           .increment = std::stoll(names.text(row, "seqincrement")),
                           .cycles = names.text(row, "seqcycle") == "t"};
    }
    return sequences;
}

Content content_of(Connection &connection) {
    Content content;
    const auto rowset = [&connection](const std::string &query) {
        const auto answer = connection.query(query);
        return Rowset{.rows = std::stoull(answer.text(0, "rows")), .hash = answer.text(0, "hash")};
    };
    const auto tables = connection.query(kTables);
    for (int row = 0; row < tables.size(); ++row) {
        const auto name = tables.text(row, "name");
        content.tables[name] = rowset(query_of_rows(name, tables.text(row, "columns"), tables.text(row, "condition")));
    }
    content.tables[kLargeObjects] = rowset(kLargeObjectRows);
    content.sequences = sequences_of(connection);
    return content;
}

std::vector<std::string> differences(const Content &old_content, const Sequences &before, const Content &new_content) {
    std::vector<std::string> found;
    const auto named = [](const std::string &name) { return name == kLargeObjects ? name : "table " + name; };
    for (const auto &[name, old_rows] : old_content.tables) {
        const auto there = new_content.tables.find(name);
        if (there == new_content.tables.end()) {
            found.push_back(fmt::format("{} is missing in the new cluster", named(name)));
        } else if (there->second.rows != old_rows.rows) {
            found.push_back(fmt::format("{}: {} rows in the old cluster, {} in the new", named(name), old_rows.rows,
                                        there->second.rows));
        } else if (there->second.hash != old_rows.hash) {
            found.push_back(
                fmt::format("{}: {} rows in both clusters, but not the same ones", named(name), old_rows.rows));
        }
    }
    for (const auto &[name, rows] : new_content.tables) {
        if (!old_content.tables.contains(name)) {
            found.push_back(fmt::format("{} is in the new cluster alone, with {} rows", named(name), rows.rows));
        }
    }
    compare_sequences(old_content.sequences, before, new_content.sequences, found);
    return found;
}

nlohmann::json to_json(const Sequences &sequences) {
    auto json = nlohmann::json::object();
    for (const auto &[name, sequence] : sequences) {
        json[name] = {{"last_value", sequence.last_value},
                      {"is_called", sequence.is_called},
                      {"increment", sequence.increment},
                      {"cycles", sequence.cycles}};
    }
    return json;
}

Sequences sequences_from(const nlohmann::json &json) {
    Sequences sequences;
    for (const auto &[name, sequence] : json.items()) {
        sequences[name] = {.last_value = sequence.at("last_value"),
                           .is_called = sequence.at("is_called"),
                           .increment = sequence.at("increment"),
                           .cycles = sequence.at("cycles")};
    }
    return sequences;
}

nlohmann::json to_json(const Content &content) {
    auto tables = nlohmann::json::object();
    for (const auto &[name, rows] : content.tables) {
        tables[name] = {{"rows", rows.rows}, {"hash", rows.hash}};
    }
    return {{"tables", tables}, {"sequences", to_json(content.sequences)}};
}

Content content_from(const nlohmann::json &json) {
    Content content;
    for (const auto &[name, rows] : json.at("tables").items()) {
        content.tables[name] = {.rows = rows.at("rows"), .hash = rows.at("hash")};
    }
    content.sequences = sequences_from(json.at("sequences"));
    return content;
}

}  // namespace pgaf::migrate
