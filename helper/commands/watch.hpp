#pragma once

#include "node/node.hpp"
#include "system/error.hpp"

namespace pgaf {

// `status --watch`: until the run has ended (then 0 where it is finished, StepFailed where it was aborted) or
// ctrl-C. Throws HelperError.
ExitCode watch(const Node &node);

}  // namespace pgaf
