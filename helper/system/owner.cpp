#include "system/owner.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <system_error>

#include <fmt/format.h>

#include "system/error.hpp"

namespace pgaf {

namespace {

// The system call itself, because glibc's wrapper changes every thread of the process.
bool set_effective_user(uid_t uid) {
    return ::syscall(SYS_setresuid, static_cast<uid_t>(-1), uid, static_cast<uid_t>(-1)) == 0;
}

}  // namespace

Owner owner_of(const std::filesystem::path &path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
        throw HelperError(
            ExitCode::Usage,
            fmt::format("could not access \"{}\": {}", path.string(), std::generic_category().message(errno)),
            "Name the node's data directory with --pgdata.");
    }
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd *found = nullptr;
    ::getpwuid_r(status.st_uid, &entry, buffer.data(), buffer.size(), &found);
    if (found == nullptr) {
        throw HelperError(ExitCode::Usage,
                          fmt::format("\"{}\" belongs to user id {}, which has no name", path.string(), status.st_uid),
                          "PGDATA must belong to the system user that PostgreSQL runs as.");
    }
    Owner owner{.uid = entry.pw_uid, .gid = entry.pw_gid, .name = entry.pw_name, .home = entry.pw_dir, .groups = {}};
    int count = 64;
    owner.groups.resize(static_cast<std::size_t>(count));
    if (::getgrouplist(owner.name.c_str(), owner.gid, owner.groups.data(), &count) < 0) {
        owner.groups.resize(static_cast<std::size_t>(count));
        ::getgrouplist(owner.name.c_str(), owner.gid, owner.groups.data(), &count);
    }
    owner.groups.resize(static_cast<std::size_t>(count));
    return owner;
}

ActingAs::ActingAs(const Owner &owner) {
    if (::geteuid() == owner.uid) {
        return;
    }
    if (!set_effective_user(owner.uid)) {
        throw HelperError(
            ExitCode::Refused,
            fmt::format("could not act as user \"{}\": {}", owner.name, std::generic_category().message(errno)),
            fmt::format("Run pgaf-upgrade as root or as {}.", owner.name));
    }
    changed_ = true;
}

ActingAs::~ActingAs() {
    // Going on with the wrong rights would be worse than ending here.
    if (changed_ && !set_effective_user(::getuid())) {
        std::terminate();
    }
}

}  // namespace pgaf
