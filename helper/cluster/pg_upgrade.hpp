#pragma once

#include "cluster/program_arguments.hpp"
#include "run/context.hpp"
#include "run/parts.hpp"

namespace pgaf {

// pg_upgrade of this node's cluster into Context::new_dir(), with the options that each kind of node needs. Returns
// where its time went.
Parts run_pg_upgrade(const Context &context, UpgradeMode mode);

// Where pg_upgrade works and leaves its scripts.
[[nodiscard]] std::filesystem::path scratch_dir(const Context &context);

}  // namespace pgaf
