#pragma once

#include <string>
#include <vector>

namespace pgaf {

// The numeric addresses among those of listen_addresses on which another process listens to the port. A server
// starts as soon as it has got one of its addresses, and says of the others only in its log that nobody will
// reach it there.
[[nodiscard]] std::vector<std::string> taken_addresses(const std::string &listen_addresses, int port);

// Throws HelperError(StepFailed) where there are any.
void require_free_port(const std::string &listen_addresses, int port);

}  // namespace pgaf
