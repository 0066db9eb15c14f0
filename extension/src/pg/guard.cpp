#include "src/pg/guard.hpp"

namespace pgaf::pg {

void throw_reported_error() {
    // Out of memory here would longjmp past C++ frames: nothing but their memory would be lost.
    ErrorData *const data = CopyErrorData();
    FlushErrorState();
    throw PgError(data);
}

}  // namespace pgaf::pg
