#pragma once

#include <functional>
#include <optional>
#include <string>

#include "system/owner.hpp"

namespace pgaf {

// The work is done by a process of its own, which has nothing of this one's terminal; what it prints is passed on, as
// system/shown.hpp has it, or into `output` where that is given. Called while there is one thread. As root, with an
// owner: that process becomes the owner for good, and has one end of a socket to ask root by; this one answers at the
// other end, and looks at no path of the owner's. Signals are passed on; a second SIGINT or SIGTERM ends the worker at
// once. Returns the exit code.
int apart(const std::optional<Owner> &owner, std::string *output, const std::function<int(int socket)> &work,
          const std::function<void(int socket)> &answer);

}  // namespace pgaf
