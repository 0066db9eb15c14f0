#pragma once

#include <string>

#include "run/context.hpp"

namespace pgaf {

// Whether the new cluster has been started since pg_upgrade left it. Asked of a primary.
[[nodiscard]] bool was_new_server_started(const Context &context);

// What a rollback would give up on this node; on a primary from when on, and in how many transactions at the
// most: "what was written to PostgreSQL 17 since …".
[[nodiscard]] std::string describe_new_data(const Context &context);

// Throws HelperError(Refused), with what can be done: by link the old cluster shares its files with a new one that was
// started.
[[noreturn]] void refuse_old_cluster(const Context &context);

// The new server stopped for good, so that nothing more is written that is given up. Nothing is done where
// this node serves from its old cluster. Throws HelperError(Refused) when the old cluster is not there.
void end_new_server(const Context &context);

}  // namespace pgaf
