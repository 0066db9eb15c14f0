#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace pgaf {

// All in bytes.
struct HostMemory {
    std::uint64_t available = 0;               // without swapping: MemAvailable
    std::optional<std::uint64_t> commit_left;  // where vm.overcommit_memory is 2: what may still be promised
};

[[nodiscard]] HostMemory memory_of_host(const std::filesystem::path &proc = "/proc");

// The least that the limits of a process's control group and of those above it leave, with its cached files
// taken as free; nothing where there is no limit. `process` is a number, or "self".
[[nodiscard]] std::optional<std::uint64_t> memory_left_in_cgroup_of(
    const std::string &process, const std::filesystem::path &proc = "/proc",
    const std::filesystem::path &cgroups = "/sys/fs/cgroup");

// The lowest limit itself, whatever is in use.
[[nodiscard]] std::optional<std::uint64_t> memory_limit_in_cgroup_of(
    const std::string &process, const std::filesystem::path &proc = "/proc",
    const std::filesystem::path &cgroups = "/sys/fs/cgroup");

}  // namespace pgaf
