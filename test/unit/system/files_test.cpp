#include "system/files.hpp"

#include <gtest/gtest.h>

#include "system/error.hpp"
#include "with_folder.hpp"

namespace pgaf {
namespace {

class Renaming : public WithFolder {};

TEST_F(Renaming, NeverReplacesWhatExists) {
    write_file(folder_ / "one", "1");
    write_file(folder_ / "two", "2");
    EXPECT_THROW(rename_durably(folder_ / "one", folder_ / "two"), HelperError);
    EXPECT_EQ(read_file(folder_ / "two"), "2");
    exchange_durably(folder_ / "one", folder_ / "two");
    EXPECT_EQ(read_file(folder_ / "one"), "2");
    EXPECT_EQ(read_file(folder_ / "two"), "1");
}

}  // namespace
}  // namespace pgaf
