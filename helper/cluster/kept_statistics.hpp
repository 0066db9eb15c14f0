#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "run/context.hpp"

// Which relations have statistics for the planner, before and after: pg_upgrade carries none of them over.
namespace pgaf {

// "own public.t", "inherited public.parent" of a partitioned or inherited table with its parts, "extended public.s" and
// "extended inherited public.s" of CREATE STATISTICS; names as SQL has them, in UTF-8.
using StatisticsNames = std::set<std::string>;

// Of the database that is connected to.
[[nodiscard]] StatisticsNames statistics_of(Connection &server);

// Writes down, beside the journal, what each database of the running old server has. Where that cannot be done it is
// logged, and nothing is compared later.
void note_statistics(const Context &context) noexcept;

// What was written down in this run, by database.
[[nodiscard]] std::optional<std::map<std::string, StatisticsNames>> noted_statistics(const Context &context);

struct LostStatistics {
    std::string what;
    std::string table;  // whose ANALYZE makes them
};

// What the database had and has no more, of relations that still are there and are not empty.
[[nodiscard]] std::vector<LostStatistics> lost_statistics(Connection &server, const StatisticsNames &before);

}  // namespace pgaf
