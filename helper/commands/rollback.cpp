#include "commands/commands.hpp"
#include "commands/session.hpp"

namespace pgaf {

ExitCode command_rollback(const Options &options) {
    return in_session(
        options, [&](Runner &runner) { return runner.request_rollback(options.reason, options.discard_new_data); });
}

}  // namespace pgaf
