#pragma once

#include <chrono>
#include <cstdint>

// How long a step may take before it is taken for one that hangs: to end a wait that has no end, not to judge
// the machine. The rates are chosen low; none of them was measured.
namespace pgaf {

// What the time of a step grows with.
struct DataSize {
    std::uint64_t bytes = 0;           // of all tablespaces
    std::uint64_t objects = 0;         // relations and large objects, which pg_upgrade makes one by one
    std::uint64_t shared_buffers = 0;  // bytes, all of which a checkpoint may have to write
};

[[nodiscard]] std::chrono::seconds pg_upgrade_limit(const DataSize &size, bool copies);
[[nodiscard]] std::chrono::seconds dry_run_limit(const DataSize &size);
[[nodiscard]] std::chrono::seconds shutdown_limit(const DataSize &size);
// Of a server that may have to recover first.
[[nodiscard]] std::chrono::seconds start_limit(const DataSize &size);
// `rate_mb` is the most that is asked for in a second, 0 for no such bound.
[[nodiscard]] std::chrono::seconds base_backup_limit(const DataSize &size, double rate_mb);
// For a standby to stream, with what was written while it was copied.
[[nodiscard]] std::chrono::seconds catch_up_limit(const DataSize &size);
[[nodiscard]] std::chrono::seconds statistics_limit(const DataSize &size);

}  // namespace pgaf
