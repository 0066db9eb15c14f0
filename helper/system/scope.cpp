#include "system/scope.hpp"

#include <unistd.h>

#include <filesystem>

#include <fmt/format.h>

namespace pgaf {

bool has_systemd() {
    return std::filesystem::exists("/run/systemd/system") && ::access("/usr/bin/systemd-run", X_OK) == 0;
}

std::vector<std::string> scope_arguments(const Owner &owner) {
    return {"systemd-run",
            "--scope",
            "--quiet",
            "--collect",
            fmt::format("--uid={}", owner.uid),
            fmt::format("--gid={}", owner.gid),
            "--"};
}

Command outliving(std::vector<std::string> argv, const Owner &owner) {
    Command command{.argv = std::move(argv), .run_as = owner, .outlives_helper = true};
    if (::geteuid() == 0 && has_systemd()) {
        const auto scope = scope_arguments(owner);
        command.argv.insert(command.argv.begin(), scope.begin(), scope.end());
        command.run_as.reset();
    }
    return command;
}

}  // namespace pgaf
