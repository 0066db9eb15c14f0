#include "system/owner.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <exception>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "system/error.hpp"

namespace pgaf {

namespace {

// The system calls themselves, because glibc's wrappers change every thread of the process.
bool set_effective(long call, id_t id) {
    return ::syscall(call, static_cast<id_t>(-1), id, static_cast<id_t>(-1)) == 0;
}
bool set_groups(const std::vector<gid_t> &groups) {
    return ::syscall(SYS_setgroups, groups.size(), groups.data()) == 0;
}

Owner owner_by(const passwd &entry) {
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

}  // namespace

Owner owner_of(const std::filesystem::path &path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
        throw HelperError(
            ExitCode::Usage,
            fmt::format("could not access \"{}\": {}", path.string(), std::generic_category().message(errno)),
            "Name the node's data directory with --pgdata.");
    }
    return owner_of_uid(status.st_uid);
}

Owner owner_of_uid(uid_t uid) {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd *found = nullptr;
    ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
    if (found == nullptr) {
        throw HelperError(ExitCode::Usage, fmt::format("there is no user with the number {}", uid),
                          "PGDATA must belong to the system user that PostgreSQL runs as.");
    }
    return owner_by(entry);
}

std::optional<Owner> owner_named(const std::string &name) {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd *found = nullptr;
    ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    return found == nullptr ? std::nullopt : std::optional(owner_by(entry));
}

void require_one_of(const std::vector<std::string> &users, const Owner &owner) {
    if (owner.uid == 0) {
        throw HelperError(ExitCode::Refused, "PostgreSQL does not run as root",
                          "Name the data directory of a server with --pgdata.");
    }
    if (std::ranges::find(users, owner.name) == users.end()) {
        throw HelperError(
            ExitCode::Refused,
            fmt::format("user \"{}\" is not one that pgaf-upgrade works for: {}", owner.name, fmt::join(users, ", ")),
            fmt::format("If PostgreSQL runs as that user: users = {} in /etc/pgaf-upgrade.conf.", owner.name));
    }
}

void become(const Owner &owner) {
    std::vector<std::pair<std::string, std::string>> kept;
    for (const char *name : {"TERM", "NO_COLOR", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PGAF_UPGRADE_FAULT"}) {
        if (const char *value = std::getenv(name); value != nullptr) {
            kept.emplace_back(name, value);
        }
    }
    ::clearenv();
    kept.emplace_back("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    kept.emplace_back("HOME", owner.home);
    kept.emplace_back("USER", owner.name);
    kept.emplace_back("LOGNAME", owner.name);
    for (const auto &[name, value] : kept) {
        ::setenv(name.c_str(), value.c_str(), 1);
    }
    ::umask(077);
    if (owner.uid == 0 || ::setgroups(owner.groups.size(), owner.groups.data()) != 0 ||
        ::setresgid(owner.gid, owner.gid, owner.gid) != 0 || ::setresuid(owner.uid, owner.uid, owner.uid) != 0 ||
        ::setuid(0) == 0 || ::chdir("/") != 0) {
        ::_exit(static_cast<int>(ExitCode::Internal));
    }
}

ActingAs::ActingAs(const Owner &owner) : groups_(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr)))) {
    ::getgroups(static_cast<int>(groups_.size()), groups_.data());
    if (!set_groups(owner.groups) || !set_effective(SYS_setresgid, owner.gid) ||
        !set_effective(SYS_setresuid, owner.uid)) {
        throw HelperError(ExitCode::Refused, fmt::format("could not act as user \"{}\": {}", owner.name,
                                                         std::generic_category().message(errno)));
    }
}

ActingAs::~ActingAs() {
    // Going on with the wrong rights would be worse than ending here.
    if (!set_effective(SYS_setresuid, ::getuid()) || !set_effective(SYS_setresgid, ::getgid()) ||
        !set_groups(groups_)) {
        std::terminate();
    }
}

}  // namespace pgaf
