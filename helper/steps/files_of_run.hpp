#pragma once

#include "steps/step.hpp"
#include "upgrade/shown_files.hpp"

namespace pgaf {

// The configuration as the run has shown it to the operator. Throws HelperError(StepFailed) when it is gone.
[[nodiscard]] ShownFiles files_of_run(const Context &context);

}  // namespace pgaf
