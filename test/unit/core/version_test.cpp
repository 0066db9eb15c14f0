#include <gtest/gtest.h>

#include "core/version.hpp"

namespace pgaf {
namespace {

TEST(IsOlder, ComparesNumberByNumber) {
    EXPECT_TRUE(is_older("0.9", "1.0"));
    EXPECT_TRUE(is_older("1.9", "1.10"));
    EXPECT_TRUE(is_older("1.0", "1.0.1"));
    EXPECT_TRUE(is_older("", "1.0"));
    EXPECT_FALSE(is_older("1.0", "1.0"));
    EXPECT_FALSE(is_older("2.0", "1.10"));
    EXPECT_FALSE(is_older("1.0", "0.9"));
}

}  // namespace
}  // namespace pgaf
