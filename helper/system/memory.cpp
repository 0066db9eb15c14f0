#include "system/memory.hpp"

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr std::uint64_t kKilobyte = 1024;

// Of lines "NAME: NUMBER kB" or "NAME NUMBER".
std::map<std::string, std::uint64_t> numbers_in(const fs::path &path) {
    std::map<std::string, std::uint64_t> numbers;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        const auto end = line.find_first_of(": ");
        const auto digit = line.find_first_of("0123456789", end);
        if (end != std::string::npos && digit != std::string::npos) {
            numbers.emplace(line.substr(0, end), std::strtoull(line.c_str() + digit, nullptr, 10));
        }
    }
    return numbers;
}

// Nothing for a file that is not there, and for "max".
std::optional<std::uint64_t> number_in(const fs::path &path) {
    std::ifstream file(path);
    std::uint64_t number = 0;
    return file >> number ? std::optional(number) : std::nullopt;
}

// Of the unified hierarchy, "0::/a/b" in /proc/PROCESS/cgroup: the group and those above it.
std::optional<std::uint64_t> least(const std::string &process, const fs::path &proc, const fs::path &cgroups,
                                   const std::function<std::uint64_t(const fs::path &, std::uint64_t)> &rest) {
    std::ifstream file(proc / process / "cgroup");
    std::optional<std::uint64_t> found;
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("0::/")) {
            continue;
        }
        for (fs::path group = line.substr(4);; group = group.parent_path()) {
            if (const auto limit = number_in(cgroups / group / "memory.max")) {
                const auto left = rest(cgroups / group, *limit);
                found = std::min(found.value_or(left), left);
            }
            if (group.empty()) {
                break;
            }
        }
    }
    return found;
}

}  // namespace

HostMemory memory_of_host(const fs::path &proc) {
    auto numbers = numbers_in(proc / "meminfo");
    HostMemory memory{.available = numbers["MemAvailable"] * kKilobyte, .commit_left = std::nullopt};
    if (number_in(proc / "sys/vm/overcommit_memory") == 2) {
        const auto limit = numbers["CommitLimit"];
        const auto promised = numbers["Committed_AS"];
        memory.commit_left = (limit > promised ? limit - promised : 0) * kKilobyte;
    }
    return memory;
}

std::optional<std::uint64_t> memory_left_in_cgroup_of(const std::string &process, const fs::path &proc,
                                                      const fs::path &cgroups) {
    return least(process, proc, cgroups, [](const fs::path &group, std::uint64_t limit) {
        auto in_use = number_in(group / "memory.current").value_or(0);
        auto parts = numbers_in(group / "memory.stat");
        in_use -= std::min(in_use, parts["inactive_file"] + parts["active_file"]);
        return limit > in_use ? limit - in_use : 0;
    });
}

std::optional<std::uint64_t> memory_limit_in_cgroup_of(const std::string &process, const fs::path &proc,
                                                       const fs::path &cgroups) {
    return least(process, proc, cgroups, [](const fs::path & /*group*/, std::uint64_t limit) { return limit; });
}

}  // namespace pgaf
