#pragma once

#include "migrate/endpoint.hpp"
#include "migrate/state.hpp"

// Writes on the old cluster, refused while it is copied: default_transaction_read_only of each database, which a
// standby that takes over has too, and an end to the sessions that began before.
namespace pgaf::migrate {

// What was set before is on the disk before anything is changed. Again after a break. Throws HelperError(Refused)
// where the setting could not hold.
void refuse_writes(const Server &old_server, State &state);

// Everything as it was before. Again after a break.
void give_back_writes(const Server &old_server, State &state);

}  // namespace pgaf::migrate
