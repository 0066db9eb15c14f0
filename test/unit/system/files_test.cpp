#include "system/files.hpp"

#include <sys/xattr.h>

#include <gtest/gtest.h>

#include "system/error.hpp"
#include "with_folder.hpp"

namespace pgaf {
namespace {

class Renaming : public WithFolder {};
class Texts : public WithFolder {};

TEST_F(Renaming, NeverReplacesWhatExists) {
    write_file(folder_ / "one", "1");
    write_file(folder_ / "two", "2");
    EXPECT_THROW(rename_durably(folder_ / "one", folder_ / "two"), HelperError);
    EXPECT_EQ(read_file(folder_ / "two"), "2");
    exchange_durably(folder_ / "one", folder_ / "two");
    EXPECT_EQ(read_file(folder_ / "one"), "2");
    EXPECT_EQ(read_file(folder_ / "two"), "1");
}

// As after a crash between two of the three renames by which names are exchanged.
TEST_F(Renaming, SettlesAnExchangeThatWasInterrupted) {
    const auto one = folder_ / "data";
    const auto other = folder_ / "data_pg17";
    const auto middle = folder_ / "data_pgaf_middle_pg17";
    write_file(one, "old");
    write_file(other, "new");
    settle_exchange(one);
    EXPECT_EQ(read_file(one), "old") << "nothing was begun";

    std::filesystem::rename(one, middle);
    EXPECT_EQ(middle_of_exchange(one), middle);
    settle_exchange(one);
    EXPECT_EQ(read_file(one), "old") << "as it was";
    EXPECT_EQ(read_file(other), "new");

    std::filesystem::rename(one, middle);
    std::filesystem::rename(other, one);
    settle_exchange(one);
    EXPECT_EQ(read_file(one), "new") << "as it was to be";
    EXPECT_EQ(read_file(other), "old");
    EXPECT_TRUE(middle_of_exchange(one).empty());
}

TEST_F(Renaming, IsTriedWithoutLeavingAnything) {
    EXPECT_TRUE(renames_in_steps(folder_).empty());
    EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

class Copies : public WithFolder {};

TEST_F(Copies, OfALinkToADirectoryStayLinks) {
    std::filesystem::create_directories(folder_ / "to" / "log");
    write_file(folder_ / "to" / "log" / "old", "from elsewhere");
    std::filesystem::create_symlink("/srv", folder_ / "log");
    copy_link(folder_ / "log", folder_ / "to" / "log");
    EXPECT_TRUE(is_same_link(folder_ / "log", folder_ / "to" / "log"));
    EXPECT_EQ(read_file(folder_ / "to" / "log.pgaf_of_primary" / "old"), "from elsewhere");
}

TEST_F(Copies, HaveTheAttributes) {
    write_file(folder_ / "one", "1");
    if (::setxattr((folder_ / "one").c_str(), "user.note", "x", 1, 0) != 0) {
        GTEST_SKIP() << "this file system has none";
    }
    copy_with_mode(folder_ / "one", folder_ / "two");
    write_file(folder_ / "two", "2");
    EXPECT_EQ(attributes_of(folder_ / "two"), std::vector<std::string>{"user.note"});
}

TEST_F(Texts, AreErrorsWhereTheyCannotBeRead) {
    EXPECT_EQ(read_if_there(folder_ / "none"), "");
    EXPECT_THROW(static_cast<void>(read_if_there("/proc/self/mem")), HelperError);
    EXPECT_THROW(static_cast<void>(read_if_there(folder_)), HelperError);
    EXPECT_THROW(static_cast<void>(is_copy("/proc/self/mem", "/proc/self/mem")), HelperError);
}

// As of a process that ends while it is looked at.
TEST_F(Texts, AreEmptyOfWhatCannotBeRead) {
    EXPECT_EQ(text_of("/proc/self/comm").back(), '\n');
    EXPECT_EQ(text_of("/proc/self/mem"), "");  // which is there, and has nothing at its beginning
    EXPECT_THROW(static_cast<void>(read_file("/proc/self/mem")), HelperError);
    EXPECT_EQ(text_of(folder_ / "none"), "");
    EXPECT_EQ(text_of(folder_), "");
}

}  // namespace
}  // namespace pgaf
