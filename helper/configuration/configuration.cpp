#include "configuration/configuration.hpp"

#include <sstream>

#include <fmt/format.h>

#include "configuration/archive.hpp"
#include "system/process.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr std::string_view kUnrecognized = "unrecognized configuration parameter \"";

// The name in a message about a parameter that the server does not know; empty in any other message.
std::string unknown_parameter(const std::string &message) {
    if (!message.starts_with(kUnrecognized)) {
        return {};
    }
    const auto rest = message.substr(kUnrecognized.size());
    return rest.substr(0, rest.find('"'));
}

}  // namespace

std::vector<std::string> configuration_errors(const fs::path &bindir, const fs::path &data_dir) {
    // -C prints one value and ends, after it has read and judged everything
    const auto outcome = run({.argv = {(bindir / "postgres").string(), "-D", data_dir.string(), "-c",
                                       "data_directory=" + data_dir.string(), "-C", "block_size"}});
    std::vector<std::string> messages;
    if (outcome.exit_code == 0) {
        return messages;
    }
    std::istringstream lines(outcome.output);
    for (std::string line; std::getline(lines, line);) {
        for (const std::string_view level : {"LOG:  ", "FATAL:  ", "ERROR:  "}) {
            const auto at = line.find(level);
            // the last line only sums up
            if (at != std::string::npos && line.find("contains errors") == std::string::npos) {
                messages.push_back(line.substr(at + level.size()));
            }
        }
    }
    if (messages.empty()) {
        messages.push_back(last_lines(outcome.output, 2));
    }
    return messages;
}

ParameterChanges changes_for(const fs::path &new_bindir, const fs::path &data_dir, int target,
                             const std::string &archive) {
    auto changes = archive_changes(archive);
    for (const auto &message : configuration_errors(new_bindir, data_dir)) {
        const auto name = unknown_parameter(message);
        if (const auto new_name = new_name_of(name, target); !new_name.empty()) {
            changes.renamed.emplace(name, new_name);
        } else if (!name.empty()) {
            changes.removed.emplace(name, fmt::format("PostgreSQL {} has no such parameter", target));
        }
    }
    return changes;
}

}  // namespace pgaf
