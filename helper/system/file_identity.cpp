#include "system/file_identity.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "system/raw_file.hpp"

namespace pgaf {

dev_t device_of(const std::filesystem::path &path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 ? status.st_dev : 0;
}

FileIdentity identity_from(const struct statx &found) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    const bool is_born = (found.stx_mask & STATX_BTIME) != 0;
    return {found.stx_ino, is_born ? found.stx_btime.tv_sec * kSecond + found.stx_btime.tv_nsec : 0};
}

FileIdentity identity_of(const std::filesystem::path &path) {
    struct statx found{};
    if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &found) != 0) {
        fail_by_errno("access", path);
    }
    return identity_from(found);
}

}  // namespace pgaf
