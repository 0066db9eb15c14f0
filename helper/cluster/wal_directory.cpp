#include "cluster/wal_directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "system/error.hpp"
#include "system/file_identity.hpp"
#include "system/files.hpp"
#include "system/raw_file.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

bool is_writable(const fs::path &path) {
    return ::faccessat(AT_FDCWD, path.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

// A segment, its .partial or .backup, a timeline's .history, what is about to become a segment, and PostgreSQL's own
// folders.
bool is_of_wal(const std::string &name) {
    constexpr std::size_t kTimeline = 8;
    return name == "archive_status" || name == "summaries" || name.starts_with("xlogtemp.") ||
           std::min(name.find_first_not_of("0123456789ABCDEF"), name.size()) >= kTimeline;
}

// Of an earlier attempt, where no other name can be given to it.
void remove_wal_in(const fs::path &place) {
    for (const auto &entry : fs::directory_iterator(place)) {
        if (!is_of_wal(entry.path().filename().string())) {
            throw HelperError(ExitCode::StepFailed, fmt::format("\"{}\" is no WAL", entry.path().string()),
                              "Move it elsewhere: the new cluster writes its WAL there.");
        }
    }
    for (const auto &entry : fs::directory_iterator(place)) {
        fs::remove_all(entry.path());
    }
}

}  // namespace

std::optional<fs::path> new_wal_directory(const fs::path &old_cluster, int target) {
    std::error_code error;
    const auto wal = old_cluster / "pg_wal";
    const auto real = fs::is_symlink(wal) ? fs::canonical(wal, error) : fs::path();
    return error || real.empty() ? std::nullopt
                                 : std::optional<fs::path>(fmt::format("{}_pg{}", real.string(), target));
}

bool can_be_wal_directory(const fs::path &old_cluster, const fs::path &place) {
    const auto there = fs::exists(place) ? place : place.parent_path();
    return is_writable(there) && device_of(there) == device_of(old_cluster / "pg_wal/.");
}

void make_wal_directory(const fs::path &place) {
    if (fs::exists(place) && !fs::is_empty(place)) {
        if (is_writable(place.parent_path())) {
            rename_durably(place, unused_name(place));
        } else {
            remove_wal_in(place);
        }
    }
    make_directory(place);
}

void link_wal(const fs::path &old_cluster, const fs::path &new_cluster, int target) {
    const auto place = new_wal_directory(old_cluster, target);
    const auto wal = new_cluster / "pg_wal";
    const auto moved = new_cluster / "pg_wal.moved";
    if (!place || !can_be_wal_directory(old_cluster, *place)) {
        return;
    }
    if (!fs::is_symlink(wal)) {
        if (!fs::exists(wal)) {
            rename_new(moved, wal);  // it was interrupted here
        }
        make_wal_directory(*place);
        fs::copy(wal, *place, fs::copy_options::recursive);
        fs::permissions(*place, fs::status(wal).permissions());
        flush_file_system(*place);
        rename_durably(wal, moved);
        fs::create_directory_symlink(*place, wal);
        flush_directory(new_cluster);
    }
    fs::remove_all(moved);
}

}  // namespace pgaf
