#pragma once

#include <string>
#include <vector>

#include "run/context.hpp"

namespace pgaf {

// A session of a step that changes what is in a database: it writes whatever the defaults are, waits for no standby,
// and no event trigger fires in it. Throws HelperError.
[[nodiscard]] Connection writing_session(const Context &context, const std::string &dbname);

// Has a session fire no event trigger: those are the applications'.
void leave_out_event_triggers(Connection &server);

// Those that can be connected to, by name.
[[nodiscard]] std::vector<std::string> databases_of(Connection &server);

}  // namespace pgaf
