#pragma once

#include <string>
#include <vector>

#include "system/owner.hpp"

namespace pgaf {

// Whether systemd runs this host, and can be asked to start something.
[[nodiscard]] bool has_systemd();

// Before a command of root's: it runs as the owner, in a scope that outlives whoever started it.
[[nodiscard]] std::vector<std::string> scope_arguments(const Owner &owner);

}  // namespace pgaf
