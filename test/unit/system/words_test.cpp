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

}  // namespace
}  // namespace pgaf
