#pragma once

#include <string>
#include <vector>

#include "checks/check.hpp"
#include "run/context.hpp"

namespace pgaf {

// Those that say how the cluster is just now.
[[nodiscard]] const std::vector<std::string> &checks_of_the_moment();

// All that the step `check` makes: those of the rehearsal are the step rehearse's.
[[nodiscard]] std::vector<std::string> checks_without_rehearsal();

// Tells the monitor what a check has found on this node.
void report_check(const Context &context, const CheckResult &result);

// What stands in the way of this node: what the operator has taken the responsibility for no longer does.
[[nodiscard]] std::vector<OpenCheck> checks_in_the_way(const Context &context);

// For people: "name: what was found; …", empty where nothing stands in the way.
[[nodiscard]] std::string in_words(const std::vector<OpenCheck> &checks);

}  // namespace pgaf
