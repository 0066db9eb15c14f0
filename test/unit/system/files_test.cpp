#include "system/files.hpp"

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
