#pragma once

#include <functional>

#include "node/node.hpp"
#include "runner/runner.hpp"
#include "system/error.hpp"

namespace pgaf {

// What `run` and `rollback` have in common: this node's lock, log and journal, and an end to what a helper
// that was killed has left running. Throws HelperError.
ExitCode in_session(const Options &options, const std::function<ExitCode(Runner &)> &work);

}  // namespace pgaf
