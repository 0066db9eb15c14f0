#include "seed/seed_transfer.hpp"

#include <gtest/gtest.h>

namespace pgaf {
namespace {

constexpr std::uint64_t kMegabyte = 1U << 20U;

// 26 MB that become 5, after the first megabyte at that many bits a second.
SeedTransfer after_a_megabyte(double bits_a_second) {
    return {.bytes = 26 * kMegabyte,
            .compressed = 5 * kMegabyte,
            .received = kMegabyte,
            .counted = kMegabyte,
            .seconds = static_cast<double>(kMegabyte) * 8 / bits_a_second};
}

TEST(SeedTransfer, IsCompressedWhereTheNetworkIsSlow) {
    EXPECT_TRUE(is_compressed_sooner(after_a_megabyte(10e6)));
    EXPECT_TRUE(is_compressed_sooner(after_a_megabyte(100e6)));
    EXPECT_FALSE(is_compressed_sooner(after_a_megabyte(1e9)));
    EXPECT_FALSE(is_compressed_sooner(after_a_megabyte(10e9)));
}

TEST(SeedTransfer, GoesOnWhereLittleIsLeft) {
    auto transfer = after_a_megabyte(100e6);
    transfer.received = 21 * kMegabyte;
    EXPECT_FALSE(is_compressed_sooner(transfer));
    transfer.received = transfer.bytes;
    EXPECT_FALSE(is_compressed_sooner(transfer));
}

TEST(SeedTransfer, GoesByWhatCameWithinTheTime) {
    // as after a break, when most was there already
    auto transfer = after_a_megabyte(10e6);
    transfer.received = 10 * kMegabyte;
    EXPECT_TRUE(is_compressed_sooner(transfer));
    transfer.counted = 0;
    transfer.seconds = 0;
    EXPECT_FALSE(is_compressed_sooner(transfer));
}

TEST(SeedTransfer, GoesOnWhereNothingIsGained) {
    auto transfer = after_a_megabyte(1e6);
    transfer.compressed = transfer.bytes;
    EXPECT_FALSE(is_compressed_sooner(transfer));
}

}  // namespace
}  // namespace pgaf
