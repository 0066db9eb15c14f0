#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "checks/check.hpp"
#include "checks/diff.hpp"
#include "checks/estimate.hpp"
#include "commands/commands.hpp"
#include "commands/findings.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

void print_changes(Subject &subject) {
    const auto diff = diff_of_configuration(subject);
    fmt::print("{}\n\n", diff.empty() ? "every configuration file is carried over as it is" : shown_here(diff));
    if (const auto since = diff_since_shown(subject); !since.empty()) {
        fmt::print("since the run has shown it:\n{}\n", shown_here(since));
    }
}

}  // namespace

ExitCode command_check(const Options &options) {
    const Node node(options);
    Subject subject(node, options.target, options.method, options.standby_method);
    try {
        static_cast<void>(subject.monitor());
    } catch (const PgError &error) {
        throw HelperError(ExitCode::NoMonitor, fmt::format("could not connect to the monitor: {}", error.what()),
                          "Look whether the monitor's service runs: pg_autoctl show state.");
    }
    hold_signals();  // the trial cluster goes in any case
    const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
    const auto results = examine(subject, options.only, [is_terminal](const std::string &check) {
        if (stop_was_asked()) {
            throw HelperError(ExitCode::TimedOut, "stopped by the operator", "Run pgaf-upgrade check again.");
        }
        if (is_terminal) {
            fmt::print(stderr, "\r\033[K{} …", check);
        }
    });
    if (is_terminal) {
        fmt::print(stderr, "\r\033[K");
    }

    fmt::print("{} from PostgreSQL {} to {}\n\n", node.pgdata.string(), subject.installation.source, subject.target);
    std::vector<std::string> passed;
    std::vector<std::string> not_examined;
    int errors = 0;
    for (const auto &result : results) {
        if (result.passed()) {
            passed.push_back(result.check->name);
        } else if (!result.not_examined.empty()) {
            not_examined.push_back(fmt::format("{} ({})", result.check->name, result.not_examined));
        } else {
            print_findings(result);
            errors += closes_gate(result.severity()) ? 1 : 0;
        }
    }
    if (options.show_changes) {
        print_changes(subject);
    }
    if (const auto estimate = estimate_of(subject)) {
        print_wrapped("estimate", estimate->text);
        fmt::print("\n");
    }
    if (!not_examined.empty()) {
        print_wrapped("open", fmt::format("{}", fmt::join(not_examined, ", ")));
    }
    if (!passed.empty()) {
        print_wrapped("ok", fmt::format("{}", fmt::join(passed, ", ")));
    }
    std::fflush(stdout);
    if (errors > 0 || !not_examined.empty()) {
        throw HelperError(
            ExitCode::CheckFailed,
            errors > 0 ? fmt::format("{} check{} found what would stop the upgrade", errors, errors == 1 ? "" : "s")
                       : std::string("not everything could be looked at"),
            "Mend what is listed above, and run pgaf-upgrade check again.");
    }
    return ExitCode::Done;
}

}  // namespace pgaf
