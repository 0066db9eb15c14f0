#pragma once

#include "configuration/shown_files.hpp"
#include "run/context.hpp"

namespace pgaf {

// The configuration as the run has shown it to the operator. Throws HelperError(StepFailed) when it is gone.
[[nodiscard]] ShownFiles files_of_run(const Context &context);

}  // namespace pgaf
