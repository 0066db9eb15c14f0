#pragma once

#include "run/context.hpp"

namespace pgaf {

class ServerDoesNotStart : public HelperError {
  public:
    using HelperError::HelperError;
};

// Starts the server, by the programs of its own major, as pg_autoctl would, outside of this program's own
// control group: the keeper adopts it later. Returns when it accepts connections; nothing is done when it
// runs already. Throws ServerDoesNotStart, HelperError where it was not tried.
void start_server(const Context &context);

// What is dirty goes to the disk, by a restartpoint on a standby. Throws HelperError, also where that takes longer than
// a shutdown may.
void checkpoint(const Context &context, Connection &server);

// Brings pg_auto_failover's extension on the monitor to the version of the new library, in a server that
// only this program can reach. pg_autoctl would do it after it has begun to serve, and then restart.
void update_pgautofailover(const Context &context);

}  // namespace pgaf
