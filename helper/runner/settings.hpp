#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

namespace pgaf {

// What the runner goes by, of the node's options and of its own.
struct RunnerSettings {
    std::int64_t nodeid = 0;  // 0: the monitor
    std::filesystem::path work_dir;
    bool once = false;                            // what is due now, for cron
    std::chrono::seconds wait_limit{24L * 3600};  // for the monitor, or for a run to be started
    std::chrono::milliseconds reconnect{300};     // a monitor that is away is asked again after it
    // A notification comes with everything that happens; this is for the time of the approval, and for one lost.
    std::chrono::milliseconds poll{2000};
    std::chrono::milliseconds heartbeat{5000};
    int attempts = 10;  // of what the monitor's absence has interrupted; while it is away none is counted
};

}  // namespace pgaf
