#include "system/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
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

void write_with(const fs::path &path, std::string_view content, mode_t mode, std::optional<gid_t> group = {}) {
    const fs::path beside = path.string() + ".pgaf_new";
    {
        OutputFile file(beside, mode & 07777U);
        if (group) {
            file.set_group(*group);
        }
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
    if (::chmod(to.c_str(), status.st_mode & 07777U) != 0) {
        fail_by_errno("set mode of", to);
    }
    flush_directory(to.parent_path());
}

void make_parents_like(const fs::path &from, const fs::path &to) {
    if (!fs::exists(to)) {
        make_directory_like(from, to);
    }
}

// Another's file that not everybody may read is a secret: the copy is its reader's alone, as PostgreSQL wants a key
// that is not root's. With its group, a member may keep it.
mode_t mode_of_copy(const struct stat &status) {
    const bool is_secret_of_another = status.st_uid != ::geteuid() && (status.st_mode & S_IROTH) == 0;
    return is_secret_of_another ? status.st_mode & static_cast<mode_t>(~(S_IRWXG | S_IRWXO)) : status.st_mode;
}

bool has_mode_of_copy(const struct stat &from, const struct stat &copy) {
    return copy.st_mode == mode_of_copy(from);
}

}  // namespace

// A pipe or a device would be waited for, and a directory reads as nothing.
std::string read_file(const fs::path &path, std::size_t most) {
    const InputFile file(path);
    std::string content;
    constexpr std::size_t kPiece = 1U << 16U;
    for (std::string piece = file.read(0, kPiece); !piece.empty(); piece = file.read(content.size(), kPiece)) {
        content += piece;
        if (content.size() > most) {
            throw HelperError(ExitCode::StepFailed,
                              fmt::format("\"{}\" is not read: it has more than {} bytes", path.string(), most));
        }
    }
    return content;
}

std::string text_of(const fs::path &path) {
    try {
        return ::access(path.c_str(), R_OK) == 0 ? read_file(path) : "";
    } catch (const HelperError &) {
        return "";
    }
}

void write_file(const fs::path &path, std::string_view content, mode_t mode) {
    struct stat status{};
    write_with(path, content, ::stat(path.c_str(), &status) == 0 ? status.st_mode : mode);
}

void copy_with_mode(const fs::path &from, const fs::path &to) {
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
        if (::rename(beside.c_str(), to.c_str()) != 0) {
            fail_by_errno("rename", beside);
        }
        flush_directory(to.parent_path());
        return;
    }
    write_with(to, read_file(from), mode_of_copy(status), status.st_gid);
}

mode_t mode_of_copy(const fs::path &from) {
    return mode_of_copy(status_behind(from));
}

bool is_copy_of_mode(const fs::path &from, const fs::path &copy) {
    return has_mode_of_copy(status_of(from), status_of(copy));
}

bool is_copy(const fs::path &from, const fs::path &copy) {
    if (fs::is_directory(from)) {
        return has_mode_of_copy(status_behind(from), status_behind(copy));
    }
    if (!is_copy_of_mode(from, copy)) {
        return false;
    }
    if (S_ISLNK(status_of(from).st_mode)) {
        return fs::read_symlink(from) == fs::read_symlink(copy);
    }
    return read_file(from) == read_file(copy);
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

void make_directory(const fs::path &path, mode_t mode) {
    if (::mkdir(path.c_str(), mode) != 0) {
        if (errno == EEXIST) {
            return;
        }
        fail_by_errno("make directory", path);
    }
    if (::chmod(path.c_str(), mode) != 0) {
        fail_by_errno("set mode of", path);
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
