#pragma once

#include <cstddef>
#include <string>

#include "system/error.hpp"

// `check --list`: the table of the checks. Asks neither a node nor a monitor.
namespace pgaf {

// In lines of so many columns; 0, or too few: a line a check.
[[nodiscard]] std::string check_list(std::size_t columns);

[[nodiscard]] std::string check_list_as_json();

ExitCode command_check_list(bool as_json);

}  // namespace pgaf
