#include <gtest/gtest.h>

#include <limits>

#include "core/sysidentifier.hpp"

namespace pgaf {
namespace {

TEST(ParseSysidentifier, TakesWhatPgControldataPrints) {
    EXPECT_EQ(parse_sysidentifier("7576484421453349541"), 7576484421453349541U);
    EXPECT_EQ(parse_sysidentifier("0"), 0U);
    EXPECT_EQ(parse_sysidentifier("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
}

TEST(ParseSysidentifier, RefusesWhatIsNoUnsigned64BitNumber) {
    for (const auto *text : {"", " ", "-1", "+1", "1 ", " 1", "1.0", "0x10", "1e3", "seven", "12three",
                             "18446744073709551616", "99999999999999999999999999"}) {
        EXPECT_EQ(parse_sysidentifier(text), std::nullopt) << '"' << text << '"';
    }
}

TEST(ParseSysidentifier, ReadsBackWhatFormatWrites) {
    for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 63U,
                                      (std::uint64_t{1} << 63U) - 1, std::numeric_limits<std::uint64_t>::max()}) {
        EXPECT_EQ(parse_sysidentifier(format_sysidentifier(value)), value);
    }
}

// pg_auto_failover keeps the bits in a bigint: from January 2038 on it is negative.
TEST(Bigint, KeepsTheBitsOfIdentifiersAbove2To63) {
    constexpr std::uint64_t kOf2038 = (std::uint64_t{0x80000000} << 32U) | 42U;
    EXPECT_LT(to_bigint(kOf2038), 0);
    EXPECT_EQ(from_bigint(to_bigint(kOf2038)), kOf2038);
    EXPECT_EQ(to_bigint(std::numeric_limits<std::uint64_t>::max()), -1);
    EXPECT_EQ(from_bigint(-1), std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(from_bigint(std::numeric_limits<std::int64_t>::min()), std::uint64_t{1} << 63U);
    EXPECT_EQ(to_bigint(7576484421453349541U), 7576484421453349541);
}

TEST(CreatedAt, IsTheUpperHalf) {
    EXPECT_EQ(created_at(std::uint64_t{1700000000} << 32U), 1700000000);
    EXPECT_EQ(created_at(std::uint64_t{2147483648U} << 32U), 2147483648);
}

}  // namespace
}  // namespace pgaf
