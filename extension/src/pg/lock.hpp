#pragma once

#include <string>

namespace pgaf::pg {

// pg_auto_failover's own lock of a formation, exclusively, until the transaction ends: while it is
// held the monitor neither moves a node of it to another state nor registers or removes one.
void lock_formation(const std::string &formation);

}  // namespace pgaf::pg
