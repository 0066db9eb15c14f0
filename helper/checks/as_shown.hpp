#pragma once

#include <optional>

#include "checks/subject.hpp"
#include "configuration/shown_files.hpp"

namespace pgaf {

// The configuration as a run's first steps have shown it, while that run has not begun its switch; nothing where there
// is no such run.
[[nodiscard]] std::optional<ShownFiles> shown_before_switch(Subject &subject);

}  // namespace pgaf
