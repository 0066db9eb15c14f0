#pragma once

#include <string>
#include <vector>

#include "system/error.hpp"

namespace pgaf {

// What each exit code means, for the manual page and the reference.
struct ExitCodeRow {
    ExitCode code;
    std::string meaning;
    std::string remedy;  // empty where there is nothing to do
};

[[nodiscard]] const std::vector<ExitCodeRow> &all_exit_codes();

}  // namespace pgaf
