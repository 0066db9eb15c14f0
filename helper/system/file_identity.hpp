#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <filesystem>

struct statx;

namespace pgaf {

// Of a file on its file system, whatever it is renamed to. Its number alone is given to another file as soon as it is
// deleted; by the time of its birth the two are told apart, where the file system keeps that (0 where not).
struct FileIdentity {
    std::uint64_t inode = 0;
    std::int64_t born_ns = 0;  // since 1970
    auto operator<=>(const FileIdentity &) const = default;
};

// Of the file of this name; a symbolic link is one itself. Throws HelperError(StepFailed).
[[nodiscard]] FileIdentity identity_of(const std::filesystem::path &path);

// The number of the file system that it is on, behind links; 0 where there is no such file.
[[nodiscard]] dev_t device_of(const std::filesystem::path &path);

// Of what statx(2) has found, asked for STATX_INO and STATX_BTIME.
[[nodiscard]] FileIdentity identity_from(const struct statx &found);

}  // namespace pgaf
