#pragma once

#include <chrono>
#include <filesystem>

// How far a server's archiver is behind, by PGDATA/pg_wal/archive_status.
namespace pgaf {

struct ArchiverState {
    int waiting = 0;                 // segments that are not archived
    std::chrono::seconds of_one{0};  // that the last one took, or the one at work has taken already

    // What a fast shutdown waits for: those, and the last one, which it ends itself.
    [[nodiscard]] std::chrono::seconds until_all() const { return of_one * (waiting + 1); }
};
[[nodiscard]] ArchiverState archiver_state(const std::filesystem::path &data_dir);

}  // namespace pgaf
