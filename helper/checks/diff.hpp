#pragma once

#include <string>

#include "checks/subject.hpp"

namespace pgaf {

// What is changed in the configuration files when they are carried over, as a diff; empty: nothing is.
// Throws as Subject::trial() does.
[[nodiscard]] std::string diff_of_configuration(Subject &subject);

// What was edited since a run has shown it, as diff -u prints it; empty: nothing was. Of files outside the data
// directory, and of those that hold no configuration, only that they differ.
[[nodiscard]] std::string diff_since_shown(Subject &subject);

}  // namespace pgaf
