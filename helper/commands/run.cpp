#include "commands/commands.hpp"
#include "commands/session.hpp"

namespace pgaf {

ExitCode command_run(const Options &options) {
    return in_session(options, [](Runner &runner) { return runner.run(); });
}

}  // namespace pgaf
