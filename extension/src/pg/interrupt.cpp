#include "src/pg/interrupt.hpp"

#include "src/pg/guard.hpp"

namespace pgaf::pg {

void check_for_interrupts() {
    call([] { CHECK_FOR_INTERRUPTS(); });
}

}  // namespace pgaf::pg
