#include "src/caller.hpp"

#include "core/errors.hpp"
#include "src/store.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf {

namespace {

[[noreturn]] void refuse_token() {
    throw Error(code::kLeaseLost, "the token holds no lease of a node",
                "Attach again: another helper may have taken the node, or the run may be gone.");
}

}  // namespace

Caller caller_of(const Arguments &arguments) {
    const auto &token = arguments.required(0, "token");
    const auto lease = store::lease_of(token);
    if (!lease) {
        refuse_token();
    }
    const auto [runid, nodeid] = *lease;
    Caller caller{token, lock_run(runid), nodeid};
    // Another helper may have taken the lease while this call waited for the run's lock.
    if (!store::holds_lease(runid, nodeid, token)) {
        refuse_token();
    }
    store::touch_lease(runid, nodeid);
    return caller;
}

}  // namespace pgaf
