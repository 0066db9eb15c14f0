#include "system/tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "system/error.hpp"
#include "system/files.hpp"
#include "system/raw_file.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr int kDeepest = 64;  // a data directory has five floors; each takes a descriptor
constexpr const char *kLookAtIt =
    "Nothing more was removed. Look at it, and move it away if it is not the old cluster's.";

class OpenDirectory {
  public:
    OpenDirectory(int fd, fs::path path) : fd_(fd), path_(std::move(path)) {}
    ~OpenDirectory() { ::close(fd_); }
    OpenDirectory(const OpenDirectory &) = delete;
    OpenDirectory &operator=(const OpenDirectory &) = delete;
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] const fs::path &path() const { return path_; }

  private:
    int fd_;
    fs::path path_;
};

using DirectoryPtr = std::unique_ptr<OpenDirectory>;

DirectoryPtr open_in(int parent, const std::string &name, const fs::path &path, int flags) {
    const int fd = ::openat(parent, name.c_str(), flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR)) {
        throw HelperError(ExitCode::Refused, fmt::format("\"{}\" is a link, or is no directory", path.string()),
                          kLookAtIt);
    }
    if (fd < 0) {
        fail_by_errno("open", path);
    }
    return std::make_unique<OpenDirectory>(fd, path);
}

// Every directory on the way is one itself.
DirectoryPtr open_without_links(const fs::path &path) {
    auto at = open_in(AT_FDCWD, "/", "/", O_PATH);
    fs::path way = "/";
    const auto parts = path.lexically_normal().relative_path();
    for (auto part = parts.begin(); part != parts.end(); ++part) {
        way /= *part;
        at = open_in(at->get(), part->string(), way, std::next(part) == parts.end() ? O_RDONLY : O_PATH);
    }
    return at;
}

struct statx status_in(int directory, const char *name, const fs::path &path) {
    unsigned int mask = STATX_BASIC_STATS | STATX_BTIME;
#ifdef STATX_MNT_ID
    mask |= STATX_MNT_ID;
#endif
    struct statx status{};
    if (::statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, mask, &status) != 0) {
        fail_by_errno("access", path);
    }
    return status;
}

FileKey key_from(const struct statx &status) {
    return {(std::uint64_t{status.stx_dev_major} << 32U) | status.stx_dev_minor, status.stx_ino};
}

// A bind mount has the same device, but is another mount.
bool is_of_one_mount(const struct statx &one, const struct statx &other) {
    bool is_one = one.stx_dev_major == other.stx_dev_major && one.stx_dev_minor == other.stx_dev_minor;
#ifdef STATX_MNT_ID
    if ((one.stx_mask & other.stx_mask & STATX_MNT_ID) != 0) {
        is_one = is_one && one.stx_mnt_id == other.stx_mnt_id;
    }
#endif
    return is_one;
}

std::vector<std::string> names_in(const OpenDirectory &directory) {
    const int fd = ::openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? nullptr : ::fdopendir(fd);
    if (stream == nullptr) {
        const int reason = errno;
        if (fd >= 0) {
            ::close(fd);
        }
        errno = reason;
        fail_by_errno("read", directory.path());
    }
    const std::unique_ptr<DIR, int (*)(DIR *)> closes(stream, &::closedir);
    std::vector<std::string> names;
    errno = 0;
    for (const dirent *entry = ::readdir(stream); entry != nullptr; entry = ::readdir(stream)) {
        if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) {
            names.emplace_back(entry->d_name);
        }
        errno = 0;
    }
    if (errno != 0) {
        fail_by_errno("read", directory.path());
    }
    return names;
}

// What is in a directory, the deepest first; then what `leave` says of each.
class Walk {
  public:
    using Leave = std::function<void(const OpenDirectory &parent, const std::string &name, const struct statx &status)>;
    using Enter = std::function<void(const fs::path &path, const struct statx &status)>;
    Walk(Enter enter, Leave leave) : enter_(std::move(enter)), leave_(std::move(leave)) {}

    void contents(const OpenDirectory &directory, int depth = 0) const {
        const auto here = status_in(directory.get(), "", directory.path());
        if (depth > kDeepest) {
            throw HelperError(ExitCode::Refused,
                              fmt::format("\"{}\" is too deep for a data directory", directory.path().string()),
                              kLookAtIt);
        }
        enter_(directory.path(), here);
        for (const auto &name : names_in(directory)) {
            const auto path = directory.path() / name;
            const auto status = status_in(directory.get(), name.c_str(), path);
            if (S_ISDIR(status.stx_mode)) {
                const auto child = open_in(directory.get(), name, path, O_RDONLY);
                if (!is_of_one_mount(here, status_in(child->get(), "", path))) {
                    throw HelperError(ExitCode::Refused,
                                      fmt::format("another file system is mounted at \"{}\"", path.string()),
                                      "Unmount it, and run pgaf-upgrade cleanup again.");
                }
                contents(*child, depth + 1);
            }
            leave_(directory, name, status);
        }
    }

  private:
    Enter enter_;
    Leave leave_;
};

TreeEntry entry_from(const struct statx &status) {
    constexpr std::uint64_t kUnit = 512;
    return {key_from(status), S_ISDIR(status.stx_mode), status.stx_nlink, status.stx_blocks * kUnit};
}

}  // namespace

FileKey key_of(const fs::path &path) {
    struct statx status{};
    if (::statx(AT_FDCWD, path.c_str(), 0, STATX_BASIC_STATS, &status) != 0) {
        fail_by_errno("access", path);
    }
    return key_from(status);
}

void look_through(const fs::path &root, const std::function<void(const TreeEntry &)> &visit) {
    const auto directory = open_without_links(root);
    const Walk walk([](const fs::path & /*path*/, const struct statx & /*status*/) {},
                    [&](const OpenDirectory & /*parent*/, const std::string & /*name*/, const struct statx &status) {
                        visit(entry_from(status));
                    });
    walk.contents(*directory);
    visit(entry_from(status_in(directory->get(), "", root)));
}

Room::Share Room::add(const fs::path &root) {
    Share share;
    look_through(root, [&](const TreeEntry &entry) {
        const auto found = entry.is_directory ? entry.links : ++names_[entry.key];
        const bool is_whole = found >= entry.links;
        if (entry.is_directory) {
            share.bytes += entry.bytes;
            share.freed_bytes += entry.bytes;
        } else {
            ++share.files;
            share.bytes += found == 1 ? entry.bytes : 0;
            share.freed_bytes += found == entry.links ? entry.bytes : 0;
            share.shared_files += entry.links > 1 && !is_whole ? 1 : 0;
        }
        if (is_whole) {
            own_.insert(entry.key);
        }
    });
    return share;
}

void remove_tree(const fs::path &path, const FileIdentity &identity, const std::set<FileKey> &kept,
                 const std::function<void()> &removed) {
    const auto parent = open_without_links(path.parent_path());
    const auto name = path.filename().string();
    const auto directory = open_in(parent->get(), name, path, O_RDONLY);
    const auto status = status_in(directory->get(), "", path);
    if (identity_from(status) != identity) {
        throw HelperError(ExitCode::Refused, fmt::format("\"{}\" is not the directory that it was", path.string()),
                          kLookAtIt);
    }
    if (!is_of_one_mount(status_in(parent->get(), "", path.parent_path()), status)) {
        throw HelperError(ExitCode::Refused, fmt::format("a file system is mounted at \"{}\"", path.string()),
                          "Unmount it, and run pgaf-upgrade cleanup again.");
    }
    const auto refuse_kept = [&](const fs::path &met, const struct statx &of) {
        if (kept.contains(key_from(of))) {
            throw HelperError(ExitCode::Refused, fmt::format("\"{}\" belongs to the cluster that serves", met.string()),
                              kLookAtIt);
        }
    };
    const auto remove = [&](const OpenDirectory &from, const std::string &entry, const struct statx &of) {
        if (::unlinkat(from.get(), entry.c_str(), S_ISDIR(of.stx_mode) ? AT_REMOVEDIR : 0) != 0) {
            fail_by_errno("remove", from.path() / entry);
        }
        removed();
    };
    // seen whole before the first of it goes
    const Walk look(refuse_kept,
                    [](const OpenDirectory & /*from*/, const std::string & /*entry*/, const struct statx & /*of*/) {});
    look.contents(*directory);
    Walk(refuse_kept, remove).contents(*directory);
    if (::unlinkat(parent->get(), name.c_str(), AT_REMOVEDIR) != 0) {
        fail_by_errno("remove", path);
    }
    flush_directory(path.parent_path());
}

}  // namespace pgaf
