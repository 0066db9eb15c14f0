#include "cluster/subscriptions.hpp"

#include <gtest/gtest.h>

#include <string>

#include "system/error.hpp"

namespace pgaf {
namespace {

// The file of a PostgreSQL 15 that was shut down: origin 1 at 0/1AA3F18, and none.
const std::string kOfServer("\xDE\xDA\x57\x12\x01\x00\x00\x00\x00\x00\x00\x00\x18\x3F\xAA\x01\x00\x00\x00\x00", 20);

TEST(PositionsOfOrigins, AreThoseOfTheFile) {
    const auto positions = origin_positions(kOfServer + std::string("\xD5\x90\x3A\x23", 4));
    ASSERT_EQ(positions.size(), 1U);
    EXPECT_EQ(positions.at(1), 0x1AA3F18U);
}

TEST(PositionsOfOrigins, AreRefusedWhereTheFileIsDamaged) {
    for (const auto &content : {std::string(), std::string(8, '\0'), kOfServer, kOfServer + "abcd"}) {
        EXPECT_THROW(static_cast<void>(origin_positions(content)), HelperError);
    }
}

}  // namespace
}  // namespace pgaf
