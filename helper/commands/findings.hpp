#pragma once

#include <string>

#include "checks/check.hpp"

namespace pgaf {

// Commands and connection strings may hold a password: they are shown on a terminal, and go into no file or mail.
[[nodiscard]] std::string shown_here(const std::string &text);

// In lines of at most 80 columns, where its words allow; the first begins with a label.
void print_wrapped(const std::string &label, const std::string &text);

// What a check has found, and what to do.
void print_findings(const CheckResult &result);

}  // namespace pgaf
