#include "system/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <system_error>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "system/error.hpp"
#include "system/fault.hpp"
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

// `like`: whose attributes it gets; empty for none.
void write_with(const fs::path &path, std::string_view content, mode_t mode, const fs::path &like,
                std::optional<gid_t> group = {}) {
    const fs::path beside = path.string() + ".pgaf_new";
    {
        OutputFile file(beside, mode & 07777U);
        if (group) {
            file.set_group(*group);
        }
        file.write(content);
        if (!like.empty()) {
            copy_attributes(like, beside);
        }
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
    copy_attributes(from, to);
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

std::string read_if_there(const fs::path &path) {
    std::error_code error;
    return fs::symlink_status(path, error).type() == fs::file_type::not_found ? "" : read_file(path);
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
    const bool is_there = ::stat(path.c_str(), &status) == 0;
    write_with(path, content, is_there ? status.st_mode : mode, is_there ? path : fs::path());
}

void copy_with_mode(const fs::path &from, const fs::path &to) {
    if (fs::is_directory(from)) {
        make_directory_like(from, to);
        return;
    }
    make_parents_like(from.parent_path(), to.parent_path());
    const auto status = status_of(from);
    if (S_ISLNK(status.st_mode)) {
        copy_link(from, to);
        return;
    }
    // a secret of another's is the reader's alone, whatever its list says
    write_with(to, read_file(from), mode_of_copy(status), mode_of_copy(status) == status.st_mode ? from : fs::path(),
               status.st_gid);
}

void copy_link(const fs::path &from, const fs::path &to) {
    make_parents_like(from.parent_path(), to.parent_path());
    const fs::path beside = to.string() + ".pgaf_new";
    fs::remove(beside);
    fs::create_symlink(fs::read_symlink(from), beside);
    if (fs::is_directory(fs::symlink_status(to))) {  // as a base backup brings it from a primary that has no link
        if (fs::is_empty(to)) {
            fs::remove(to);
        } else {
            rename_new(to, to.string() + ".pgaf_of_primary");
        }
    }
    if (::rename(beside.c_str(), to.c_str()) != 0) {
        fail_by_errno("rename", beside);
    }
    flush_directory(to.parent_path());
}

bool is_same_link(const fs::path &from, const fs::path &copy) {
    return fs::is_symlink(copy) && fs::read_symlink(from) == fs::read_symlink(copy);
}

std::vector<std::string> attributes_of(const fs::path &path) {
    std::string list(1U << 16U, '\0');
    const auto size = ::llistxattr(path.c_str(), list.data(), list.size());
    list.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));  // a file system without them has none
    std::vector<std::string> names;
    for (std::size_t begin = 0; begin < list.size();) {
        const std::string name = list.c_str() + begin;
        begin += name.size() + 1;
        if (name.starts_with("system.posix_acl_") || name.starts_with("user.")) {
            names.push_back(name);
        }
    }
    return names;
}

void copy_attributes(const fs::path &from, const fs::path &to) {
    for (const auto &name : attributes_of(from)) {
        std::string value(1U << 16U, '\0');
        const auto size = ::getxattr(from.c_str(), name.c_str(), value.data(), value.size());
        if (size < 0 || ::setxattr(to.c_str(), name.c_str(), value.data(), static_cast<std::size_t>(size), 0) != 0) {
            spdlog::warn("\"{}\" does not get {} of \"{}\": {}", to.string(), name, from.string(),
                         std::generic_category().message(errno));
        }
    }
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

namespace {

constexpr std::string_view kMiddle = "_pgaf_middle";

// Of a flag that this kernel or file system does not know: NFS, OpenZFS before 2.2, GlusterFS.
bool is_unknown_flag(int error) {
    return error == EINVAL || error == ENOSYS || error == EOPNOTSUPP;
}

bool is_there(const fs::path &path) {
    return fs::exists(fs::symlink_status(path));
}

bool rename_by(unsigned flag, const fs::path &from, const fs::path &to) {
    return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flag) == 0;
}

void rename_plainly(const fs::path &from, const fs::path &to) {
    if (::rename(from.c_str(), to.c_str()) != 0) {
        fail_by_errno(fmt::format("rename to \"{}\"", to.string()), from);
    }
}

// Beside `one`, by a name that also says what the other is called: what it has behind the name of `one`.
fs::path middle_name(const fs::path &one, const fs::path &other) {
    const auto name = one.filename().string();
    const auto of_other = other.filename().string();
    if (one.parent_path() != other.parent_path() || !of_other.starts_with(name)) {
        throw HelperError(ExitCode::Internal,
                          fmt::format("\"{}\" cannot be exchanged with \"{}\"", one.string(), other.string()));
    }
    return one.string() + std::string(kMiddle) + of_other.substr(name.size());
}

void exchange_in_steps(const fs::path &one, const fs::path &other) {
    const auto middle = middle_name(one, other);
    rename_new(one, middle);
    flush_directory(one.parent_path());
    fault_point("exchange", "middle");
    rename_plainly(other, one);
    flush_directory(one.parent_path());
    fault_point("exchange", "late");
    rename_new(middle, other);
    flush_directory(one.parent_path());
}

}  // namespace

void rename_new(const fs::path &from, const fs::path &to) {
    if (rename_by(RENAME_NOREPLACE, from, to)) {
        return;
    }
    if (is_unknown_flag(errno) && is_there(from) && !is_there(to)) {
        rename_plainly(from, to);
        return;
    }
    if (is_unknown_flag(errno) && is_there(to)) {
        errno = EEXIST;
    }
    fail_by_errno(fmt::format("rename to \"{}\"", to.string()), from);
}

void rename_durably(const fs::path &from, const fs::path &to) {
    rename_new(from, to);
    flush_directory(from.parent_path());
    flush_directory(to.parent_path());
}

void exchange_durably(const fs::path &one, const fs::path &other) {
    if (!rename_by(RENAME_EXCHANGE, one, other)) {
        if (!is_unknown_flag(errno) || !is_there(one) || !is_there(other)) {
            fail_by_errno(fmt::format("exchange with \"{}\"", other.string()), one);
        }
        exchange_in_steps(one, other);
        return;
    }
    flush_directory(one.parent_path());
    flush_directory(other.parent_path());
}

fs::path middle_of_exchange(const fs::path &one) {
    std::error_code none;
    const auto begin = one.filename().string() + std::string(kMiddle);
    for (const auto &entry : fs::directory_iterator(one.parent_path(), none)) {
        if (entry.path().filename().string().starts_with(begin)) {
            return entry.path();
        }
    }
    return {};
}

void settle_exchange(const fs::path &one) {
    const auto middle = middle_of_exchange(one);
    if (middle.empty()) {
        return;
    }
    const auto behind = middle.filename().string().substr(one.filename().string().size() + kMiddle.size());
    rename_new(middle, is_there(one) ? fs::path(one.string() + behind) : one);
    flush_directory(one.parent_path());
}

std::vector<std::string> renames_in_steps(const fs::path &directory) {
    auto one = (directory / ".pgaf_upgrade_XXXXXX").string();
    if (::mkdtemp(one.data()) == nullptr) {
        fail_by_errno("make a directory in", directory);
    }
    const auto other = one + "_2";
    std::vector<std::string> in_steps;
    const auto clean = [&] {
        ::rmdir(one.c_str());
        ::rmdir(other.c_str());
    };
    try {
        make_directory(other);
        if (!rename_by(RENAME_EXCHANGE, one, other)) {
            in_steps.emplace_back("exchange two names");
        }
        fs::remove(other);
        if (!rename_by(RENAME_NOREPLACE, one, other)) {
            in_steps.emplace_back("rename only to a free name");
            rename_plainly(one, other);
        }
        clean();
    } catch (...) {
        clean();
        throw;
    }
    return in_steps;
}

fs::path unused_name(const fs::path &path) {
    for (int number = 1;; ++number) {
        fs::path name = fmt::format("{}_unused_{}", path.string(), number);
        if (!fs::exists(fs::symlink_status(name))) {
            return name;
        }
    }
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
