#include <cstdio>

#include <fmt/format.h>

#include "checks/check.hpp"
#include "commands/commands.hpp"

namespace pgaf {

ExitCode command_check(const Options &options) {
    const Node node(options);
    const auto subject = subject_of(node, options.target);
    try {
        const Connection monitor(node.monitor_conninfo(), node.owner);
    } catch (const PgError &error) {
        throw HelperError(ExitCode::NoMonitor, fmt::format("could not connect to the monitor: {}", error.what()),
                          "Look whether the monitor's service runs: pg_autoctl show state.");
    }
    fmt::print("{} from PostgreSQL {} to {}\n", node.pgdata.string(), subject.installation.source, subject.target);
    int errors = 0;
    for (const auto &check : all_checks()) {
        const auto found = check.find(subject);
        fmt::print("{:<8} {}{}\n", found ? to_string(check.severity) : "ok", check.name, found ? ": " + *found : "");
        if (found) {
            fmt::print("         {}\n         {}\n", check.meaning, check.remedy);
            errors += check.severity == Severity::Error ? 1 : 0;
        }
    }
    std::fflush(stdout);
    if (errors > 0) {
        throw HelperError(ExitCode::CheckFailed,
                          fmt::format("{} check{} found what would stop the upgrade", errors, errors == 1 ? "" : "s"),
                          "Mend what is listed above, and run pgaf-upgrade check again.");
    }
    return ExitCode::Done;
}

}  // namespace pgaf
