#pragma once

#include "node/node.hpp"
#include "system/error.hpp"

// The commands, each in a file of its own. All throw HelperError.
namespace pgaf {

ExitCode command_backup(const Options &options);
ExitCode command_check(const Options &options);
ExitCode command_cleanup(const Options &options);
ExitCode command_plan(const Options &options);
ExitCode command_run(const Options &options);
ExitCode command_rehearse(const Options &options);
ExitCode command_report(const Options &options);
ExitCode command_rollback(const Options &options);
ExitCode command_status(const Options &options);
ExitCode command_version(const Options &options);

}  // namespace pgaf
