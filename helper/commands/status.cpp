#include <cstdio>

#include <fmt/format.h>

#include "commands/commands.hpp"
#include "monitor.hpp"

namespace pgaf {

ExitCode command_status(const Options &options) {
    const Node node(options);
    Monitor monitor(node);
    const auto status = monitor.status();
    if (status.size() == 0) {
        fmt::print("no upgrade was ever started; on the monitor: SELECT pgaf_upgrade_start({})\n", options.target);
        return ExitCode::Done;
    }
    fmt::print("run {} to PostgreSQL {}: {}, {} of {} steps done\n", status.text(0, "run"),
               status.text(0, "target_version"), status.text(0, "state"), status.text(0, "steps_done"),
               status.text(0, "steps"));
    if (const auto waiting = status.text(0, "waiting_for"); !waiting.empty()) {
        fmt::print("waiting for {}\n", waiting);
    }
    if (const auto refused = status.text(0, "writes_refused"); !refused.empty()) {
        fmt::print("writes refused for {}\n", refused);
    }
    if (const auto redundancy = status.text(0, "redundancy_after"); !redundancy.empty()) {
        fmt::print("redundancy back after {}\n", redundancy);
    }
    fmt::print("\n{:<12} {:<18} {:<5} {:<8} {:>12}\n", "node", "step", "guide", "state", "elapsed");
    const auto progress = monitor.progress(std::nullopt);
    for (int row = 0; row < progress.size(); ++row) {
        fmt::print("{:<12} {:<18} {:<5} {:<8} {:>12}\n", progress.text(row, "node"), progress.text(row, "step"),
                   progress.text(row, "guide_step"), progress.text(row, "state"),
                   progress.text(row, "elapsed").substr(0, 12));
        for (const auto *column : {"progress", "error", "hint"}) {
            const auto text = progress.text(row, column);
            if (!text.empty() && progress.text(row, "state") != "done") {
                fmt::print("             {}\n", text);
            }
        }
    }
    return ExitCode::Done;
}

}  // namespace pgaf
