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

}  // namespace pgaf
