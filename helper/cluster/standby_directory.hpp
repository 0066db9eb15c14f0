#pragma once

#include <filesystem>

#include "cluster/program_arguments.hpp"
#include "run/context.hpp"

// The directories of a standby that is rebuilt: its old cluster goes aside under another name, with its tablespaces,
// and comes back in a rollback.
namespace pgaf {

// Stands at PGDATA's name while the old cluster goes aside, and takes what is to be removed.
[[nodiscard]] std::filesystem::path spare_dir(const Context &context);

// PGDATA is an empty directory afterwards, or what an earlier attempt has left in it.
void put_old_cluster_aside(const Context &context);

// What an attempt that did not end has left in PGDATA, and of the new major in the tablespaces, removed. Throws
// HelperError(StepFailed) where the old cluster is not aside.
void remove_partial_standby(const Context &context);

// Where a base backup puts what belongs into a tablespace's location: pg_basebackup wants an empty directory, the old
// major's part stays in the location, and what lies above that need not be the owner's.
[[nodiscard]] std::filesystem::path incoming_in(const std::filesystem::path &location);
[[nodiscard]] std::vector<TablespaceMapping> tablespace_mappings(const Context &context);

// After it: everything of the new major where it belongs, beside the old.
void bring_in_tablespaces(const Context &context);

// Where the old major's part of the tablespaces is, as [{location, kept_in}].
[[nodiscard]] nlohmann::json kept_tablespaces(const Context &context);

}  // namespace pgaf
