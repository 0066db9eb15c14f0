#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "run/context.hpp"

namespace pgaf {

// A table, materialized view, foreign table or partitioned table of a database.
struct TableToAnalyze {
    std::string name;       // as SQL has it, in the database's own encoding
    std::string statement;  // ANALYZE …
    // Of a partitioned table: what lies below it, which one statement analyzes with it. To be taken one by one where
    // that fails.
    std::vector<TableToAnalyze> parts = {};
};

// What was not analyzed, and why. The name is empty where it is all that is left of the database.
struct NotAnalyzed {
    std::string name;
    std::string error;
    std::string sqlstate;
};

struct AnalyzeOptions {
    std::vector<std::string> settings;  // "name = value", of each session
    std::string stage;                  // for people
    std::chrono::steady_clock::time_point deadline;
};

// Each table by itself, in as many sessions as half of the processors. Throws HelperError(StepFailed) where the
// operator has stopped the helper; what a table fails by is returned.
[[nodiscard]] std::vector<NotAnalyzed> analyze_tables(const Context &context, const std::string &database,
                                                      const std::vector<TableToAnalyze> &tables,
                                                      const AnalyzeOptions &options);

}  // namespace pgaf
