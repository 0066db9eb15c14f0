#pragma once

#include <filesystem>

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

// pg_basebackup wants every tablespace's directory empty, and pg_autoctl, when it rebuilds a node, deletes
// what is behind pg_tblspc: the old major's part goes to a directory beside, which cleanup will know.
void move_tablespaces_aside(const Context &context);

// The way back, once nothing of the new major lies there under its own name.
void move_tablespaces_back(const Context &context);

// Where the old major's part of the tablespaces is, as [{location, kept_in}].
[[nodiscard]] nlohmann::json kept_tablespaces(const Context &context);

}  // namespace pgaf
