#pragma once

#include <functional>
#include <optional>

#include "node/node.hpp"
#include "system/error.hpp"

namespace pgaf {

// Who has called this program by sudo; nothing where root itself has, or where it is not root's.
[[nodiscard]] std::optional<Owner> caller_by_sudo();

// Does the command as PGDATA's owner: root by a process of its own, which can ask this one for a few things; the owner
// itself as it is, with what sudo allows. What the command writes to --output is written by who has called this
// program. `report` turns what is thrown into an exit code. Throws HelperError.
int carry_out(Options options, const std::function<ExitCode(const Options &)> &command,
              const std::function<int(const std::function<int()> &)> &report);

}  // namespace pgaf
