#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "postgres/connection.hpp"

namespace pgaf::migrate {

// Of a table: how many rows, and a sum over them that does not depend on their order.
struct Rowset {
    std::uint64_t rows = 0;
    std::string hash;
    [[nodiscard]] bool operator==(const Rowset &) const = default;
};

struct Sequence {
    std::int64_t last_value = 0;
    bool is_called = false;
    std::int64_t increment = 1;
    bool cycles = false;
    [[nodiscard]] bool operator==(const Sequence &) const = default;
};

using Sequences = std::map<std::string, Sequence>;

// All that is data in one database, by quoted names. Views of all kinds are none: a materialized one is made again
// from its tables. Of an extension's table the rows that pg_dump takes.
struct Content {
    std::map<std::string, Rowset> tables;  // with one entry for all large objects
    Sequences sequences;
    [[nodiscard]] std::uint64_t rows() const;
};

// In the transaction that the connection has open: its snapshot counts.
[[nodiscard]] Content content_of(Connection &connection);
[[nodiscard]] Sequences sequences_of(Connection &connection);

// The columns in the order of their names: a table that inherits may have them in another after pg_dump.
[[nodiscard]] std::string query_of_rows(const std::string &table, const std::string &columns,
                                        const std::string &condition);

// What is not the same, a line each; nothing when all is. A sequence is no part of a snapshot: where it was used while
// its cluster was dumped, any place between `before` and `old` is right.
[[nodiscard]] std::vector<std::string> differences(const Content &old_content, const Sequences &before,
                                                   const Content &new_content);

[[nodiscard]] nlohmann::json to_json(const Content &content);
[[nodiscard]] Content content_from(const nlohmann::json &json);
[[nodiscard]] nlohmann::json to_json(const Sequences &sequences);
[[nodiscard]] Sequences sequences_from(const nlohmann::json &json);

}  // namespace pgaf::migrate
