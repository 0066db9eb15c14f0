#include "src/pg/lock.hpp"

#include "src/pg/guard.hpp"

extern "C" {
#include <common/hashfn.h>
#include <utils/hsearch.h>
}

namespace pgaf::pg {

namespace {

// The class by which the monitor tells its formation locks from SQL's advisory locks (1 and 2),
// which is why no SQL function can take them.
constexpr uint16 kFormationLockClass = 10;

}  // namespace

void lock_formation(const std::string &formation) {
    const char *const name = formation.c_str();
    call([name] {
        LOCKTAG tag;
        SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0, string_hash(name, NAMEDATALEN), kFormationLockClass);
        (void) LockAcquire(&tag, ExclusiveLock, false, false);
    });
}

}  // namespace pgaf::pg
