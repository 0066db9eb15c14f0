#pragma once

namespace pgaf::pg {

// Lets a cancelled query or a terminated backend end here. For what takes long outside of PostgreSQL.
void check_for_interrupts();

}  // namespace pgaf::pg
