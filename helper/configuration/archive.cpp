#include "configuration/archive.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace pgaf {

std::string archiving_of(Connection &server) {
    const auto rows = server.query(
        "SELECT pg_catalog.current_setting('archive_mode') AS mode,"
        "       pg_catalog.current_setting('archive_command') AS command,"
        "       pg_catalog.current_setting('archive_library') AS library");
    const auto mode = rows.text(0, "mode");
    const auto command = rows.text(0, "command");
    const auto library = rows.text(0, "library");
    constexpr std::array kNothing{"", "(disabled)", "true", "/bin/true", "/usr/bin/true", ":", "exit 0"};
    if (mode == "off") {
        return {};
    }
    if (!library.empty()) {
        return fmt::format("archive_mode is {}, by the library {}", mode, library);
    }
    const bool archives = std::ranges::find(kNothing, command) == kNothing.end();
    return archives ? fmt::format("archive_mode is {}, archive_command is {}", mode, command) : std::string();
}

ParameterChanges archive_changes(const std::string &choice) {
    if (choice.empty() || choice == "keep") {
        return {};
    }
    return {.removed = {},
            .renamed = {},
            .set = {{"archive_command", choice == "pause" ? "" : choice}, {"archive_library", ""}}};
}

}  // namespace pgaf
