#pragma once

#include "steps/step.hpp"

namespace pgaf {

// Starts the new server as pg_autoctl would, outside of this program's own control group: the keeper
// adopts it later. Returns when it accepts connections; nothing is done when it runs already.
void start_new_server(const Context &context);

}  // namespace pgaf
