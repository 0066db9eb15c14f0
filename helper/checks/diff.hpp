#pragma once

#include <string>

#include "checks/subject.hpp"

namespace pgaf {

// What is changed in the configuration files when they are carried over, as a diff; empty: nothing is.
// Throws as Subject::trial() does.
[[nodiscard]] std::string diff_of_configuration(Subject &subject);

}  // namespace pgaf
