#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <map>

#include <fmt/format.h>

#include "checks/check.hpp"
#include "cluster/old_files.hpp"
#include "cluster/standby_directory.hpp"
#include "cluster/version_directory.hpp"
#include "cluster/wal_directory.hpp"
#include "core/method.hpp"
#include "system/file_identity.hpp"
#include "system/in_use.hpp"
#include "system/shell.hpp"
#include "system/units.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

Findings names_are_free(Subject &subject) {
    const auto source = subject.installation.source;
    std::vector<fs::path> names{subject.node.beside(fmt::format("_pg{}", source))};
    if (subject.method == "swap") {
        for (const auto &place : swap_places(subject.node.data_dir, source, {}, subject.target)) {
            names.push_back(place.old_dir / kMovedForUpgrade);
        }
    }
    Findings findings;
    for (const auto &name : names) {
        if (fs::exists(name)) {
            findings.push_back({fmt::format("\"{}\" exists already", name.string())});
        }
    }
    return findings;
}

Findings can_be_renamed(Subject &subject) {
    const auto &data_dir = subject.node.data_dir;
    if (is_mount_point(data_dir)) {
        return {{fmt::format("\"{}\" is a mount point", data_dir.string())}};
    }
    Findings findings;
    for (const auto &path : {subject.node.paths.config, subject.node.paths.state}) {
        if (!path.lexically_relative(subject.node.pgdata).empty() &&
            *path.lexically_relative(subject.node.pgdata).begin() != "..") {
            findings.push_back(
                {fmt::format("pg_autoctl's \"{}\" lies in PGDATA, and would be renamed with it", path.string()),
                 "Choose another XDG_CONFIG_HOME and XDG_DATA_HOME, or another HOME, for the service."});
        }
    }
    return findings;
}

// Tried beside PGDATA, where the owner may write; else another check has found that.
Findings renames_by_steps(Subject &subject) {
    const auto parent = subject.node.data_dir.parent_path();
    if (::faccessat(AT_FDCWD, parent.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
        throw NotExamined(fmt::format("{} may not write to \"{}\"", subject.node.owner.name, parent.string()));
    }
    Findings findings;
    for (const auto &what : renames_in_steps(parent)) {
        findings.push_back({fmt::format("the file system of \"{}\" cannot {} at once", parent.string(), what)});
    }
    return findings;
}

Findings parent_is_writable(Subject &subject) {
    const auto parent = subject.node.data_dir.parent_path();
    if (::faccessat(AT_FDCWD, parent.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
        return {{fmt::format("{} may not write to \"{}\"", subject.node.owner.name, parent.string()),
                 shell_line({"chown", subject.node.owner.name, parent.string()})}};
    }
    return {};
}

// Those that the configuration names: one of another's, such as a key of root's, is carried as a copy. What the server
// itself writes has to be its own.
std::vector<fs::path> carried_files(Subject &subject) {
    const auto &node = subject.node;
    return configured_files(file_parameters(node, subject.server()), node.pgdata, node.data_dir).inside;
}

Findings files_of_owner(Subject &subject) {
    constexpr std::size_t kEnough = 20;
    const auto &node = subject.node;
    const auto carried = carried_files(subject);
    const auto is_carried = [&](const fs::path &path) {
        return std::ranges::find(carried, path.lexically_relative(node.data_dir)) != carried.end();
    };
    Findings findings;
    std::error_code error;
    // the server makes and deletes files all the while
    for (fs::recursive_directory_iterator it(node.data_dir, error), end; !error && it != end; it.increment(error)) {
        struct stat status{};
        if (::lstat(it->path().c_str(), &status) == 0 && !S_ISLNK(status.st_mode) && status.st_uid != node.owner.uid &&
            !is_carried(it->path()) && findings.size() < kEnough) {
            findings.push_back({fmt::format("\"{}\" does not belong to {}", it->path().string(), node.owner.name),
                                shell_line({"chown", node.owner.name, it->path().string()})});
        }
    }
    return findings;
}

Findings files_of_others(Subject &subject) {
    const auto &node = subject.node;
    Findings findings;
    for (const auto &file : carried_files(subject)) {
        const auto path = node.data_dir / file;
        struct stat status{};
        if (::stat(path.c_str(), &status) != 0 || status.st_uid == node.owner.uid || S_ISDIR(status.st_mode)) {
            continue;
        }
        if (::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0) {
            findings.push_back({fmt::format("\"{}\" cannot be read by {}", path.string(), node.owner.name)});
        } else {
            findings.push_back({fmt::format(
                "\"{}\" belongs to {}: in the new cluster is a copy of {}'s, with mode {:04o}", path.string(),
                owner_of_uid(status.st_uid).name, node.owner.name, mode_of_copy(path) & 07777U)});
        }
    }
    return findings;
}

Findings wal_directory(Subject &subject) {
    const auto &node = subject.node;
    const auto wal = node.data_dir / "pg_wal";
    const auto place = new_wal_directory(node.data_dir, subject.target);
    if (!place || can_be_wal_directory(node.data_dir, *place)) {
        return {};
    }
    return {{fmt::format("\"{}\" is a link to \"{}\", and {} cannot make \"{}\" beside it on the same file system",
                         wal.string(), fs::read_symlink(wal).string(), node.owner.name, place->string()),
             fmt::format("As root: {}. Then the new cluster's WAL goes there.",
                         shell_line({"install", "-d", "-o", node.owner.name, "-m", "700", place->string()}))}};
}

std::uint64_t size_of_files(const fs::path &directory) {
    std::uint64_t size = 0;
    std::error_code gone;  // the server makes and deletes files all the while
    for (fs::directory_iterator it(directory, gone), end; !gone && it != end; it.increment(gone)) {
        std::error_code none;
        const auto bytes = it->is_regular_file(none) ? it->file_size(none) : 0;
        size += none ? 0 : bytes;
    }
    return size;
}

// Visits each tablespace's real directory.
void each_tablespace(const Subject &subject, const std::function<void(const fs::path &)> &visit) {
    for (const auto &link : fs::directory_iterator(subject.node.data_dir / "pg_tblspc")) {
        std::error_code error;
        const auto location = fs::canonical(link.path(), error);
        if (!error) {
            visit(location);
        }
    }
}

Findings tablespaces(Subject &subject) {
    Findings findings;
    for (const auto &link : fs::directory_iterator(subject.node.data_dir / "pg_tblspc")) {
        std::error_code error;
        static_cast<void>(fs::canonical(link.path(), error));
        if (error) {
            findings.push_back({fmt::format("tablespace {} leads nowhere", link.path().filename().string()),
                                "Bring its directory back, or DROP TABLESPACE."});
        }
    }
    each_tablespace(subject, [&](const fs::path &location) {
        if (location.string().starts_with(subject.node.data_dir.string() + "/")) {
            findings.push_back({fmt::format("tablespace \"{}\" lies inside the data directory", location.string())});
        } else if (is_mount_point(location)) {
            findings.push_back({fmt::format("tablespace \"{}\" is a mount point", location.string())});
        }
    });
    return findings;
}

Findings tablespace_leftovers(Subject &subject) {
    Findings findings;
    each_tablespace(subject, [&](const fs::path &location) {
        // pg_upgrade looks for this name alone: what a rollback has set aside is in nobody's way
        if (const auto left = version_directory(location, subject.target)) {
            findings.push_back({fmt::format("\"{}\" exists already", left->string())});
        }
        if (fs::exists(incoming_in(location))) {
            findings.push_back({fmt::format("\"{}\" exists already", incoming_in(location).string())});
        }
    });
    return findings;
}

// pg_upgrade gives each file another name in the new cluster, which is made beside the old one.
Findings same_file_system(Subject &subject) {
    if (!takes_old_files(subject.method)) {
        return {};
    }
    Findings findings;
    const auto look = [&](const fs::path &directory) {
        if (fs::is_symlink(directory) || is_mount_point(directory)) {
            findings.push_back({fmt::format("\"{}\" is {}", directory.string(),
                                            fs::is_symlink(directory) ? "a link" : "a mount point")});
        }
    };
    const auto base = subject.node.data_dir / "base";
    look(base);
    for (const auto &database : fs::directory_iterator(base)) {
        look(database.path());
    }
    return findings;
}

// Tried on files without a name, which are gone when they are closed. Empty: it can.
std::string clone_error(const fs::path &directory) {
    const auto unnamed = [&directory] { return ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); };
    const int from = unnamed();
    const int to = unnamed();
    constexpr std::array<char, 4096> kPage{};
    std::string error;
    if (from < 0 || to < 0 || ::write(from, kPage.data(), kPage.size()) < 0 || ::ioctl(to, FICLONE, from) != 0) {
        error = std::generic_category().message(errno);
    }
    ::close(from);
    ::close(to);
    return error;
}

Findings clone_support(Subject &subject) {
    if (subject.method != "clone") {
        return {};
    }
    Findings findings;
    const auto look = [&findings](const fs::path &directory) {
        if (const auto error = clone_error(directory); !error.empty()) {
            findings.push_back({fmt::format("no file can be cloned in \"{}\": {}", directory.string(), error)});
        }
    };
    look(subject.node.data_dir.parent_path());
    each_tablespace(subject, look);
    return findings;
}

// What the upgrade adds on each file system: where files are copied, as beside a standby's old ones, all of
// them again; where pg_upgrade links or clones them, the catalogs and some WAL.
Findings free_space(Subject &subject) {
    std::map<dev_t, std::pair<fs::path, std::uint64_t>> needed;
    const auto add = [&needed](const fs::path &place, std::uint64_t bytes) {
        auto &[path, sum] = needed[device_of(place)];
        path = path.empty() ? place : path;
        sum += bytes;
    };
    const auto number = [](const std::string &text) { return static_cast<std::uint64_t>(std::atoll(text.c_str())); };
    if (subject.is_copied()) {
        const auto rows = subject.server().query(
            "SELECT pg_catalog.pg_tablespace_location(oid) AS location, pg_catalog.pg_tablespace_size(oid) AS bytes"
            " FROM pg_catalog.pg_tablespace");
        for (int row = 0; row < rows.size(); ++row) {
            const auto location = rows.text(row, "location");
            add(location.empty() ? subject.node.data_dir : fs::path(location), number(rows.text(row, "bytes")));
        }
        add(subject.node.data_dir, 4 * subject.control().wal_segment_size);
    } else {
        std::uint64_t catalogs = 0;
        subject.each_database(
            "SELECT pg_catalog.sum(pg_catalog.pg_total_relation_size(oid)) FROM pg_catalog.pg_class"
            " WHERE oid < 16384 AND relkind = 'r'",
            [&](const std::string &, const Rows &rows) { catalogs += number(rows.value(0, 0).value_or("0")); });
        // the catalogs again, their dump, and the WAL that their restoration writes
        add(subject.node.data_dir, 3 * catalogs + 4 * subject.control().wal_segment_size);
    }
    // By the same wal_keep_size, max_wal_size and slots, the new cluster comes to keep as much WAL as the old one has.
    const auto wal = new_wal_directory(subject.node.data_dir, subject.target);
    const bool is_elsewhere = wal && can_be_wal_directory(subject.node.data_dir, *wal);
    add(is_elsewhere ? subject.node.data_dir / "pg_wal/." : subject.node.data_dir,
        size_of_files(subject.node.data_dir / "pg_wal/."));
    Findings findings;
    for (const auto &[device, place] : needed) {
        const auto &[path, bytes] = place;
        struct statvfs status{};
        if (::statvfs(path.c_str(), &status) != 0) {
            continue;
        }
        const std::uint64_t there = status.f_bavail * status.f_frsize;
        if (there < bytes) {
            // no numbers in what was found, so that a waiver holds while they move
            findings.push_back(
                {fmt::format("\"{}\" is on a file system with too little room", path.string()),
                 fmt::format("Make {} MB free there: {} MB are needed and {} MB free.", (bytes - there) / kMegabyte + 1,
                             bytes / kMegabyte + 1, there / kMegabyte)});
        }
    }
    return findings;
}

}  // namespace

std::vector<Check> directory_checks() {
    return {
        {"names_are_free", Severity::DataLoss, Where::EveryNode, "the old cluster could not be kept under that name",
         "Move what an earlier upgrade left there out of the way.", names_are_free},
        {"can_be_renamed", Severity::Error, Where::EveryNode, "the data directories are exchanged by renaming them",
         "Use a directory below the mount point as PGDATA.", can_be_renamed},
        {"renames_in_steps", Severity::Note, Where::EveryNode,
         "the directories are exchanged by three renames; after a crash in between the same command goes on",
         "Nothing. Let nobody use PGDATA's name for anything else meanwhile.", renames_by_steps},
        {"parent_is_writable", Severity::Error, Where::EveryNode, "the new cluster is made beside the old one",
         "Let PGDATA's owner write to the directory above it.", parent_is_writable},
        {"files_of_owner", Severity::Error, Where::EveryNode, "PostgreSQL's programs could not read or replace it",
         "Give it to PGDATA's owner, or move it elsewhere.", files_of_owner},
        {"files_of_others", Severity::Note, Where::EveryNode, "it is carried as a copy that PGDATA's owner has made",
         "Give the copy to whom it shall belong when the upgrade is finished.", files_of_others},
        {"wal_directory", Severity::Warning, Where::EveryNode, "the new cluster writes its WAL inside PGDATA",
         "Move pg_wal and link to it again after the upgrade, with the service stopped.", wal_directory},
        {"tablespaces", Severity::DataLoss, Where::EveryNode,
         "its old files could not be kept while the standby is rebuilt",
         "Move it to a directory of its own below a mount point, outside of PGDATA.", tablespaces},
        {"tablespace_leftovers", Severity::DataLoss, Where::EveryNode,
         "pg_upgrade refuses a tablespace with files of the target, and nothing is overwritten here",
         "Move what an earlier attempt left there out of the way.", tablespace_leftovers},
        {"same_file_system", Severity::Error, Where::Upgraded,
         "no file can be linked or moved into the new cluster from there",
         "Move it into PGDATA with the service stopped, or start the run with method => 'copy'.", same_file_system},
        {"clone_support", Severity::Error, Where::Upgraded,
         "pg_upgrade --clone needs a file system with reflinks, such as XFS or Btrfs",
         "Start the run with method => 'link' or 'copy'.", clone_support},
        {"free_space", Severity::Error, Where::EveryNode, "the old cluster is kept beside the new one", "Make room.",
         free_space}};
}

}  // namespace pgaf
