#pragma once

#include "error.hpp"
#include "migrate/options.hpp"
#include "node.hpp"

namespace pgaf {

ExitCode command_migrate(const Options &options, const MigrateOptions &migrate_options);

}  // namespace pgaf
