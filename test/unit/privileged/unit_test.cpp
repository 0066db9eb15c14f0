#include "privileged/unit.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include <gtest/gtest.h>

namespace fs = std::filesystem;

namespace pgaf::privileged {

namespace {

// Where only root can change something on the way. Empty where we are not root.
class FilesOfRoot : public ::testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "only root can make files of root";
        }
        std::string name = "/run/pgaf-test-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        std::ofstream(folder_ / "unit") << "text";
        fs::create_directory(folder_ / "others");
        std::ofstream(folder_ / "others" / "unit") << "text";
        ASSERT_EQ(::chown((folder_ / "others").c_str(), kOther, kOther), 0);
    }
    void TearDown() override { fs::remove_all(folder_.empty() ? "/nowhere" : folder_); }

    static constexpr uid_t kOther = 65534;
    fs::path folder_;
};

}  // namespace

TEST(Files, AreOfRootAloneInItsDirectories) {
    EXPECT_TRUE(is_of_root_alone("/etc/passwd"));
    EXPECT_TRUE(is_of_root_alone("/bin/sh"));  // by links
    EXPECT_FALSE(is_of_root_alone("/etc/no such file"));
    EXPECT_FALSE(is_of_root_alone("/tmp"));
}

TEST_F(FilesOfRoot, AreNotWhatOthersCanWrite) {
    EXPECT_TRUE(is_of_root_alone(folder_ / "unit"));
    ASSERT_EQ(::chmod((folder_ / "unit").c_str(), 0664), 0);
    EXPECT_FALSE(is_of_root_alone(folder_ / "unit"));
}

TEST_F(FilesOfRoot, AreNotInAnothersDirectory) {
    EXPECT_FALSE(is_of_root_alone(folder_ / "others" / "unit"));
}

TEST_F(FilesOfRoot, AreNotReachedByAnothersLink) {
    fs::create_symlink("unit", folder_ / "link");
    EXPECT_TRUE(is_of_root_alone(folder_ / "link"));
    fs::create_symlink("../unit", folder_ / "others" / "link");
    fs::create_symlink("others/link", folder_ / "by_others");  // both ends are root's, and what lies between is not
    EXPECT_FALSE(is_of_root_alone(folder_ / "by_others"));
    fs::create_symlink("loop", folder_ / "loop");
    EXPECT_FALSE(is_of_root_alone(folder_ / "loop"));
}

}  // namespace pgaf::privileged
