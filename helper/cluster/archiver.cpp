#include "cluster/archiver.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace pgaf {

namespace {

struct ArchiveStatus {
    time_t since = 0;    // when the segment was complete
    time_t renamed = 0;  // when it was archived, of one that is
};

std::vector<ArchiveStatus> archive_status_files(const fs::path &data_dir, const std::string &suffix) {
    std::vector<ArchiveStatus> files;
    std::error_code missing;
    for (const auto &entry : fs::directory_iterator(data_dir / "pg_wal" / "archive_status", missing)) {
        struct stat found{};
        if (entry.path().extension() == suffix && ::stat(entry.path().c_str(), &found) == 0) {
            files.push_back({.since = found.st_mtime, .renamed = found.st_ctime});
        }
    }
    return files;
}

}  // namespace

// A segment is archived as soon as the one before it is: the renaming of its .ready to .done tells how long it took.
ArchiverState archiver_state(const fs::path &data_dir) {
    const auto ready = archive_status_files(data_dir, ".ready");
    auto done = archive_status_files(data_dir, ".done");
    std::ranges::sort(done, {}, &ArchiveStatus::renamed);
    time_t last = 0;
    time_t seconds = 0;
    if (!done.empty()) {
        last = done.back().renamed;
        const auto before = done.size() > 1 ? done[done.size() - 2].renamed : 0;
        seconds = std::max<time_t>(0, last - std::max(before, done.back().since));
    }
    if (!ready.empty()) {
        const auto oldest = std::ranges::min(ready, {}, &ArchiveStatus::since).since;
        seconds = std::max(seconds, ::time(nullptr) - std::max(last, oldest));
    }
    return {.waiting = static_cast<int>(ready.size()), .of_one = std::chrono::seconds(seconds)};
}

}  // namespace pgaf
