#include "system/in_use.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <gtest/gtest.h>

#include "system/files.hpp"
#include "with_folder.hpp"

namespace fs = std::filesystem;

namespace pgaf {
namespace {

class InUse : public WithFolder {
  protected:
    void SetUp() override {
        WithFolder::SetUp();
        folder_ = fs::canonical(folder_);
        fs::create_directories(folder_ / "old/base");
        write_file(folder_ / "old/base/1", "data");
        fs::create_directories(folder_ / "older");
    }
    void TearDown() override {
        if (child_ > 0) {
            ::kill(child_, SIGKILL);
            ::waitpid(child_, nullptr, 0);
        }
        WithFolder::TearDown();
    }

    // Another process, which is ready when this returns.
    template <typename Work>
    void start(const Work &work) {
        std::array<int, 2> ready{};
        ASSERT_EQ(::pipe(ready.data()), 0);
        child_ = ::fork();
        if (child_ == 0) {
            work();
            static_cast<void>(::write(ready[1], "x", 1));
            ::pause();
            ::_exit(0);
        }
        char byte = 0;
        ASSERT_EQ(::read(ready[0], &byte, 1), 1);
        ::close(ready[0]);
        ::close(ready[1]);
    }

    [[nodiscard]] std::vector<std::string> found(const std::set<FileKey> &own = {}) const {
        return open_files_in({folder_ / "old"}, own);
    }

    pid_t child_ = 0;
};

TEST_F(InUse, NothingIsFoundWhereNobodyIs) {
    start([this] { static_cast<void>(::chdir((folder_ / "older").c_str())); });
    EXPECT_TRUE(found().empty());
}

TEST_F(InUse, AWorkingDirectoryIsFound) {
    start([this] { static_cast<void>(::chdir((folder_ / "old/base").c_str())); });
    ASSERT_EQ(found().size(), 1U);
    EXPECT_NE(found().front().find((folder_ / "old/base").string()), std::string::npos);
    EXPECT_NE(found().front().find(std::to_string(child_)), std::string::npos);
}

TEST_F(InUse, AnOpenFileIsFoundUnderAnyName) {
    start([this] { static_cast<void>(::open((folder_ / "old/base/1").c_str(), O_RDONLY)); });
    EXPECT_EQ(found().size(), 1U);
    fs::rename(folder_ / "old", folder_ / "renamed");
    EXPECT_EQ(open_files_in({folder_ / "renamed"}, {}).size(), 1U);
    const auto own = key_of(folder_ / "renamed/base/1");
    EXPECT_EQ(open_files_in({}, {own}).size(), 1U);
}

TEST(MountInfo, TellsWhatIsMountedIn) {
    const std::string text =
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "30 22 8:2 / /srv rw - ext4 /dev/sdb1 rw\n"
        "31 22 8:3 / /var/lib/data_pg15/base rw - xfs /dev/sdc rw\n"
        "32 22 8:1 /var/lib/data_pg15x /mnt/other rw - ext4 /dev/sda1 rw\n"
        "33 22 8:2 /old\\040one/base /mnt/bound rw - ext4 /dev/sdb1 rw\n";
    EXPECT_EQ(mounted_in({"/var/lib/data_pg15"}, text).size(), 1U);
    EXPECT_EQ(mounted_in({"/var/lib/data_pg15/base"}, text).size(), 1U);
    EXPECT_TRUE(mounted_in({"/var/lib/data"}, text).empty());
    EXPECT_EQ(mounted_in({"/var/lib/data_pg15x"}, text).size(), 1U);
    EXPECT_TRUE(mounted_in({"/srv/old"}, text).empty());
    const auto bound = mounted_in({"/srv/old one"}, text);
    ASSERT_EQ(bound.size(), 1U);
    EXPECT_NE(bound.front().find("/mnt/bound"), std::string::npos);
}

TEST(MountInfo, AreTheSystemsOwn) {
    EXPECT_FALSE(mounted_in({"/proc"}).empty());
    EXPECT_TRUE(is_mount_point("/proc"));
    EXPECT_FALSE(is_mount_point("/proc/self"));
    EXPECT_TRUE(is_within("/a/b", "/a"));
    EXPECT_TRUE(is_within("/a", "/a"));
    EXPECT_FALSE(is_within("/ab", "/a"));
}

}  // namespace
}  // namespace pgaf
