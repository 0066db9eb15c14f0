#pragma once

#include <string>
#include <vector>

#include "checks/check.hpp"

namespace pgaf {

struct NotAnalyzedTable {
    std::string table;  // with its database
    std::string error;
};

// What the rehearsal of this node's upgrade has found: the checks of rehearsed_checks(), whatever its role, and what
// ANALYZE says to the tables of the new cluster.
struct Rehearsal {
    std::vector<CheckResult> results;
    std::vector<NotAnalyzedTable> not_analyzed;
};
[[nodiscard]] Rehearsal rehearse(Subject &subject);

}  // namespace pgaf
