#include "cluster/wal_directory.hpp"

#include <unistd.h>

#include "system/error.hpp"
#include "system/files.hpp"
#include "with_folder.hpp"

namespace fs = std::filesystem;

namespace pgaf {
namespace {

// A directory for WAL that somebody else has made in one of theirs.
class WalDirectoryOfAnother : public WithFolder {
  protected:
    void SetUp() override {
        WithFolder::SetUp();
        if (::geteuid() == 0) {
            GTEST_SKIP() << "root may write everywhere";
        }
        place_ = folder_ / "disk/wal_pg17";
        fs::create_directories(place_);
        write_file(place_ / "000000010000000000000002", "WAL");
        fs::create_directory(place_ / "archive_status");
        fs::permissions(place_.parent_path(), fs::perms::owner_read | fs::perms::owner_exec);
    }
    void TearDown() override {
        if (!place_.empty()) {
            fs::permissions(place_.parent_path(), fs::perms::owner_all);
        }
        WithFolder::TearDown();
    }

    fs::path place_;
};

TEST_F(WalDirectoryOfAnother, IsEmptiedOfTheWalOfAnEarlierAttempt) {
    make_wal_directory(place_);
    EXPECT_TRUE(fs::is_empty(place_));
}

TEST_F(WalDirectoryOfAnother, KeepsEverythingWhereSomethingIsNoWal) {
    write_file(place_ / "notes.txt", "precious");
    EXPECT_THROW(make_wal_directory(place_), HelperError);
    EXPECT_EQ(text_of(place_ / "notes.txt"), "precious");
    EXPECT_EQ(text_of(place_ / "000000010000000000000002"), "WAL");
}

class WalDirectory : public WithFolder {};

TEST_F(WalDirectory, GetsAnotherNameWhereItHasSomething) {
    fs::create_directories(folder_ / "wal_pg17");
    write_file(folder_ / "wal_pg17/notes.txt", "precious");
    make_wal_directory(folder_ / "wal_pg17");
    EXPECT_TRUE(fs::is_empty(folder_ / "wal_pg17"));
    EXPECT_EQ(text_of(folder_ / "wal_pg17_unused_1/notes.txt"), "precious");
}

}  // namespace
}  // namespace pgaf
