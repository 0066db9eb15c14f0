#pragma once

#include "node/node.hpp"
#include "system/process.hpp"

namespace pgaf {

// Runs a command whose server, or pg_autoctl, goes on when the helper has ended. With the helper's service or session
// systemd would end that, too, so it gets a scope of its own where root can be asked for one; else it is run as any
// other. The command needs a log. Throws HelperError as run_checked() does.
void run_outliving(const Node &node, Command command);

}  // namespace pgaf
