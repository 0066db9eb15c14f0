#include "cluster/wal_directory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "system/file_identity.hpp"
#include "system/files.hpp"
#include "system/raw_file.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

bool is_writable(const fs::path &path) {
    return ::faccessat(AT_FDCWD, path.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
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
            for (const auto &entry : fs::directory_iterator(place)) {
                fs::remove_all(entry.path());
            }
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
