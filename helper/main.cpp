#include <cstdio>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "commands/as_owner.hpp"
#include "commands/command_line.hpp"

namespace {

int report(pgaf::ExitCode code, const char *message, const std::string &hint) noexcept {
    static_cast<void>(std::fprintf(stderr, "pgaf-upgrade: error: %s\n", message));
    if (!hint.empty()) {
        static_cast<void>(std::fprintf(stderr, "hint: %s\n", hint.c_str()));
    }
    return static_cast<int>(code);
}

// The last edge: what is thrown becomes the process's exit code, with a message and a hint.
int reported(const std::function<int()> &work) noexcept {
    try {
        try {
            return work();
        } catch (...) {
            const auto error = pgaf::from_current_exception("pgaf-upgrade");
            return report(error.code(), error.what(), error.hint());
        }
    } catch (...) {
        return report(pgaf::ExitCode::Internal, "out of memory", "");
    }
}

pgaf::Request asked_for(const std::vector<std::string> &arguments) {
    // a file that is named is read with the rights of who names it
    const auto caller = pgaf::caller_by_sudo();
    const auto acting = caller ? std::optional<pgaf::ActingAs>(std::in_place, *caller) : std::nullopt;
    return pgaf::request_of(arguments);
}

int run_command_line(const std::vector<std::string> &arguments) {
    const auto request = asked_for(arguments);
    const auto doing = "pgaf-upgrade " + request.command->name;
    const auto perform = [&](const pgaf::Options &options) {
        return pgaf::with_errors_told(doing, [&] { return request.command->perform(options, request.given); });
    };
    const auto &options = request.given.options;
    return request.is_of_node() ? pgaf::carry_out(options, perform, reported) : static_cast<int>(perform(options));
}

}  // namespace

int main(int argc, char **argv) {
    return reported([&] { return run_command_line({argv + 1, argv + argc}); });
}
