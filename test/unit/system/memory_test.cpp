#include "system/memory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

using namespace pgaf;
namespace fs = std::filesystem;

namespace {

// A /proc and a /sys/fs/cgroup of the test's own.
class Memory : public testing::Test {
  protected:
    fs::path root_ = fs::temp_directory_path() / ("pgaf_memory_" + std::to_string(::getpid()));
    fs::path proc_ = root_ / "proc";
    fs::path cgroups_ = root_ / "cgroup";
    void TearDown() override { fs::remove_all(root_); }

    static void put(const fs::path &path, const std::string &text) {
        fs::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
};

}  // namespace

TEST_F(Memory, OfTheHostIsWhatIsAvailableWithoutSwapping) {
    put(proc_ / "meminfo",
        "MemTotal:  9000 kB\nMemAvailable:    2048 kB\nCommitLimit: 5000 kB\nCommitted_AS: 4000 kB\n");
    put(proc_ / "sys/vm/overcommit_memory", "0\n");
    EXPECT_EQ(memory_of_host(proc_).available, 2048U * 1024);
    EXPECT_EQ(memory_of_host(proc_).commit_left, std::nullopt);
}

TEST_F(Memory, ThatMayStillBePromisedCountsWhereThereIsNoOvercommitment) {
    put(proc_ / "meminfo", "MemAvailable: 2048 kB\nCommitLimit: 5000 kB\nCommitted_AS: 4000 kB\n");
    put(proc_ / "sys/vm/overcommit_memory", "2\n");
    EXPECT_EQ(memory_of_host(proc_).commit_left, 1000U * 1024);
    put(proc_ / "meminfo", "MemAvailable: 2048 kB\nCommitLimit: 4000 kB\nCommitted_AS: 5000 kB\n");
    EXPECT_EQ(memory_of_host(proc_).commit_left, 0U);
}

TEST_F(Memory, OfAControlGroupIsTheLeastOfAllAboveIt) {
    put(proc_ / "self/cgroup", "1:name=old:/elsewhere\n0::/system.slice/a.service\n");
    EXPECT_EQ(memory_left_in_cgroup_of("self", proc_, cgroups_), std::nullopt);
    put(cgroups_ / "system.slice/a.service/memory.max", "max\n");
    EXPECT_EQ(memory_left_in_cgroup_of("self", proc_, cgroups_), std::nullopt);
    put(cgroups_ / "system.slice/a.service/memory.max", "9000\n");
    put(cgroups_ / "system.slice/memory.max", "5000\n");
    put(cgroups_ / "system.slice/memory.current", "3000\n");
    put(cgroups_ / "system.slice/memory.stat", "anon 500\ninactive_file 600\nactive_file 400\n");
    EXPECT_EQ(memory_left_in_cgroup_of("self", proc_, cgroups_), 3000U);
    EXPECT_EQ(memory_limit_in_cgroup_of("self", proc_, cgroups_), 5000U);
}

TEST_F(Memory, OfAProcessThatIsGoneHasNoLimit) {
    EXPECT_EQ(memory_limit_in_cgroup_of("4711", proc_, cgroups_), std::nullopt);
}
