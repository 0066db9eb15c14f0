#pragma once

#include <string>
#include <vector>

#include "system/owner.hpp"
#include "system/process.hpp"

namespace pgaf {

// Whether systemd runs this host, and can be asked to start something.
[[nodiscard]] bool has_systemd();

// Before a command of root's: it runs as the owner, in a scope that outlives whoever started it.
[[nodiscard]] std::vector<std::string> scope_arguments(const Owner &owner);

// What is to go on when the helper has ended. With the helper's service or session systemd would end it, too: where
// there is systemd, root gives it a scope of its own.
[[nodiscard]] Command outliving(std::vector<std::string> argv, const Owner &owner);

}  // namespace pgaf
