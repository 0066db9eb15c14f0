#include "commands/commands.hpp"
#include "commands/session.hpp"

namespace pgaf {

ExitCode command_run(const Options &options) {
    return in_session(options, [&options](Runner &runner) {
        return options.without_monitor ? runner.run_without_monitor() : runner.run();
    });
}

}  // namespace pgaf
