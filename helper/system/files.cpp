#include "system/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

#include <fmt/format.h>

#include "system/error.hpp"
#include "system/raw_file.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

struct stat status_of(const fs::path &path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) {
        fail_by_errno("access", path);
    }
    return status;
}

void write_with(const fs::path &path, std::string_view content, uid_t uid, gid_t gid, mode_t mode) {
    const fs::path beside = path.string() + ".pgaf_new";
    {
        OutputFile file(beside, uid, gid, mode & 07777U);
        file.write(content);
        file.flush();
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) {
        fail_by_errno("rename", beside);
    }
    flush_directory(path.parent_path());
}

// What a link leads to.
struct stat status_behind(const fs::path &path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
        fail_by_errno("access", path);
    }
    return status;
}

void make_parents_like(const fs::path &from, const fs::path &to);

void make_directory_like(const fs::path &from, const fs::path &to) {
    make_parents_like(from.parent_path(), to.parent_path());
    const auto status = status_behind(from);
    if (::mkdir(to.c_str(), 0700) != 0 && errno != EEXIST) {
        fail_by_errno("make directory", to);
    }
    if (::chown(to.c_str(), status.st_uid, status.st_gid) != 0 || ::chmod(to.c_str(), status.st_mode & 07777U) != 0) {
        fail_by_errno("set owner and mode of", to);
    }
    flush_directory(to.parent_path());
}

void make_parents_like(const fs::path &from, const fs::path &to) {
    if (!fs::exists(to)) {
        make_directory_like(from, to);
    }
}

bool same_owner_and_mode(const struct stat &one, const struct stat &other) {
    return one.st_uid == other.st_uid && one.st_gid == other.st_gid && one.st_mode == other.st_mode;
}

}  // namespace

std::string read_file(const fs::path &path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        fail_by_errno("read", path);
    }
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
}

void write_file(const fs::path &path, std::string_view content, const Owner &owner, mode_t mode) {
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0) {
        write_with(path, content, status.st_uid, status.st_gid, status.st_mode);
    } else {
        write_with(path, content, owner.uid, owner.gid, mode);
    }
}

void copy_with_owner_and_mode(const fs::path &from, const fs::path &to) {
    if (fs::is_directory(from)) {
        make_directory_like(from, to);
        return;
    }
    make_parents_like(from.parent_path(), to.parent_path());
    const auto status = status_of(from);
    if (S_ISLNK(status.st_mode)) {
        const fs::path beside = to.string() + ".pgaf_new";
        fs::remove(beside);
        fs::create_symlink(fs::read_symlink(from), beside);
        if (::lchown(beside.c_str(), status.st_uid, status.st_gid) != 0) {
            fail_by_errno("set owner of", beside);
        }
        if (::rename(beside.c_str(), to.c_str()) != 0) {
            fail_by_errno("rename", beside);
        }
        flush_directory(to.parent_path());
        return;
    }
    write_with(to, read_file(from), status.st_uid, status.st_gid, status.st_mode);
}

bool same_owner_and_mode(const fs::path &one, const fs::path &other) {
    return same_owner_and_mode(status_of(one), status_of(other));
}

bool same_content_owner_and_mode(const fs::path &one, const fs::path &other) {
    if (fs::is_directory(one)) {
        return same_owner_and_mode(status_behind(one), status_behind(other));
    }
    if (!same_owner_and_mode(one, other)) {
        return false;
    }
    if (S_ISLNK(status_of(one).st_mode)) {
        return fs::read_symlink(one) == fs::read_symlink(other);
    }
    return read_file(one) == read_file(other);
}

void rename_new(const fs::path &from, const fs::path &to) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
        fail_by_errno(fmt::format("rename to \"{}\"", to.string()), from);
    }
}

void rename_durably(const fs::path &from, const fs::path &to) {
    rename_new(from, to);
    flush_directory(from.parent_path());
    flush_directory(to.parent_path());
}

void exchange_durably(const fs::path &one, const fs::path &other) {
    if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) != 0) {
        fail_by_errno(fmt::format("exchange with \"{}\"", other.string()), one);
    }
    flush_directory(one.parent_path());
    flush_directory(other.parent_path());
}

void make_directory(const fs::path &path, const Owner &owner, mode_t mode) {
    if (::mkdir(path.c_str(), mode) != 0) {
        if (errno == EEXIST) {
            return;
        }
        fail_by_errno("make directory", path);
    }
    if (::chown(path.c_str(), owner.uid, owner.gid) != 0 || ::chmod(path.c_str(), mode) != 0) {
        fail_by_errno("set owner and mode of", path);
    }
    flush_directory(path.parent_path());
}

void flush_directory(const fs::path &path) {
    const Descriptor directory(path, O_RDONLY | O_DIRECTORY);
    if (::fsync(directory.get()) != 0) {
        fail_by_errno("flush directory", path);
    }
}

}  // namespace pgaf
