#include <sys/stat.h>

#include <fmt/format.h>

#include "checks/check.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

// The file system that a path is on, as a number; its parent is on another where it is a mount point.
dev_t device_of(const fs::path &path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_dev : 0;
}

std::optional<std::string> names_are_free(const CheckSubject &subject) {
    const auto old_dir = subject.node.beside(fmt::format("_pg{}", subject.installation.source));
    if (fs::exists(old_dir)) {
        return fmt::format("\"{}\" exists already", old_dir.string());
    }
    return std::nullopt;
}

std::optional<std::string> can_be_renamed(const CheckSubject &subject) {
    const auto &data_dir = subject.node.data_dir;
    if (device_of(data_dir) != device_of(data_dir.parent_path())) {
        return fmt::format("\"{}\" is a mount point", data_dir.string());
    }
    return std::nullopt;
}

std::optional<std::string> tablespaces(const CheckSubject &subject) {
    for (const auto &link : fs::directory_iterator(subject.node.data_dir / "pg_tblspc")) {
        std::error_code error;
        const auto location = fs::canonical(link.path(), error);
        if (error) {
            return fmt::format("tablespace {} leads nowhere", link.path().filename().string());
        }
        if (location.string().starts_with(subject.node.data_dir.string() + "/")) {
            return fmt::format("tablespace \"{}\" lies inside the data directory", location.string());
        }
        if (device_of(location) != device_of(location.parent_path())) {
            return fmt::format("tablespace \"{}\" is a mount point", location.string());
        }
    }
    return std::nullopt;
}

}  // namespace

std::vector<Check> directory_checks() {
    return {{"names_are_free", Severity::Error, "the old cluster could not be kept under that name",
             "Move what an earlier upgrade left there out of the way.", names_are_free},
            {"can_be_renamed", Severity::Error, "the data directories are exchanged by renaming them",
             "Use a directory below the mount point as PGDATA.", can_be_renamed},
            {"tablespaces", Severity::Error, "its old files could not be kept while the standby is rebuilt",
             "Move it to a directory of its own below a mount point, outside of PGDATA.", tablespaces}};
}

}  // namespace pgaf
