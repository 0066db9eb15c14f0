#include "system/words.hpp"

#include <gtest/gtest.h>

namespace pgaf {
namespace {

using Words = std::vector<std::string>;

TEST(Words, AreSeparatedByCommas) {
    EXPECT_EQ(words_of({"a"}), (Words{"a"}));
    EXPECT_EQ(words_of({"a,b", "c"}), (Words{"a", "b", "c"}));
}

TEST(Words, AreNeverEmpty) {
    EXPECT_EQ(words_of({}), Words{});
    EXPECT_EQ(words_of({"", ",a,,b,"}), (Words{"a", "b"}));
}

TEST(Words, AreSaidInOneLine) {
    EXPECT_EQ(in_one_line({}, "and"), "");
    EXPECT_EQ(in_one_line({"a"}, "and"), "a");
    EXPECT_EQ(in_one_line({"a", "b"}, "or"), "a or b");
    EXPECT_EQ(in_one_line({"a", "b", "c"}, "and"), "a, b and c");
}

}  // namespace
}  // namespace pgaf
