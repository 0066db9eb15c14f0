#include "system/tree.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "system/error.hpp"
#include "system/files.hpp"
#include "with_folder.hpp"

namespace fs = std::filesystem;

namespace pgaf {
namespace {

class TreeTest : public WithFolder {
  protected:
    void SetUp() override {
        WithFolder::SetUp();
        old_ = folder_ / "old";
        fs::create_directories(old_ / "base/5");
        write_file(old_ / "base/5/1259", std::string(20000, 'x'));
        write_file(old_ / "PG_VERSION", "15\n");
        fs::create_directories(folder_ / "serving/base");
        write_file(folder_ / "serving/base/1", "data");
    }

    void remove(const fs::path &path, const std::set<FileKey> &kept = {}) {
        remove_tree(path, identity_of(path), kept, [this] { ++removed_; });
    }
    ExitCode refused(const std::function<void()> &work) {
        try {
            work();
        } catch (const HelperError &error) {
            return error.code();
        }
        return ExitCode::Done;
    }

    fs::path old_;
    int removed_ = 0;
};

TEST_F(TreeTest, IsRemovedWhole) {
    remove(old_);
    EXPECT_FALSE(fs::exists(old_));
    EXPECT_EQ(removed_, 4);
}

TEST_F(TreeTest, LinksInItAreNotFollowed) {
    fs::create_symlink(folder_ / "serving", old_ / "base/6");
    fs::create_symlink(folder_ / "serving/base/1", old_ / "base/5/1");
    remove(old_);
    EXPECT_FALSE(fs::exists(old_));
    EXPECT_EQ(read_file(folder_ / "serving/base/1"), "data");
}

TEST_F(TreeTest, ALinkInItsPlaceIsRefused) {
    fs::create_symlink(folder_ / "serving", folder_ / "link");
    EXPECT_EQ(refused([&] { remove(folder_ / "link"); }), ExitCode::Refused);
    EXPECT_EQ(refused([&] { remove(folder_ / "link/base"); }), ExitCode::Refused);
    EXPECT_TRUE(fs::exists(folder_ / "serving/base/1"));
    EXPECT_EQ(refused([&] { look_through(folder_ / "link/base", [](const TreeEntry & /*entry*/) {}); }),
              ExitCode::Refused);
}

TEST_F(TreeTest, AnotherDirectoryOfThatNameIsRefused) {
    const auto was = identity_of(old_);
    rename_durably(old_, folder_ / "moved");
    fs::create_directory(old_);
    write_file(old_ / "new", "");
    EXPECT_EQ(refused([&] { remove_tree(old_, was, {}, [] {}); }), ExitCode::Refused);
    EXPECT_TRUE(fs::exists(old_ / "new"));
}

TEST_F(TreeTest, NothingGoesWhereTheServingClusterIsMet) {
    fs::rename(folder_ / "serving", old_ / "base/serving");
    EXPECT_EQ(refused([&] { remove(old_, {key_of(old_ / "base/serving/base")}); }), ExitCode::Refused);
    EXPECT_EQ(removed_, 0);
    EXPECT_EQ(refused([&] { remove(old_, {key_of(old_)}); }), ExitCode::Refused);
    EXPECT_TRUE(fs::exists(old_ / "PG_VERSION"));
}

TEST_F(TreeTest, WhatHasAnotherNameFreesNothing) {
    Room room;
    fs::create_hard_link(old_ / "base/5/1259", folder_ / "serving/base/1259");
    const auto share = room.add(old_);
    EXPECT_EQ(share.files, 2U);
    EXPECT_EQ(share.shared_files, 1U);
    EXPECT_GE(share.bytes, share.freed_bytes + 20000);
    EXPECT_FALSE(room.own().contains(key_of(old_ / "base/5/1259")));
    EXPECT_TRUE(room.own().contains(key_of(old_ / "PG_VERSION")));
    EXPECT_TRUE(room.own().contains(key_of(old_ / "base")));
}

TEST_F(TreeTest, TwoTreesFreeWhatOnlyTheyShare) {
    Room room;
    fs::create_directory(folder_ / "unused");
    fs::create_hard_link(old_ / "base/5/1259", folder_ / "unused/1259");
    fs::create_hard_link(old_ / "base/5/1259", old_ / "base/twice");
    EXPECT_GE(room.add(old_).bytes, 20000U);
    EXPECT_FALSE(room.own().contains(key_of(old_ / "base/5/1259")));
    EXPECT_GE(room.add(folder_ / "unused").freed_bytes, 20000U);
    EXPECT_TRUE(room.own().contains(key_of(old_ / "base/5/1259")));
}

}  // namespace
}  // namespace pgaf
