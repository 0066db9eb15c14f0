#pragma once

#include "migrate/options.hpp"
#include "node/node.hpp"
#include "system/error.hpp"

namespace pgaf {

ExitCode command_migrate(const Options &options, const MigrateOptions &migrate_options);

}  // namespace pgaf
