#include "core/estimate.hpp"

#include <gtest/gtest.h>

using namespace pgaf;

namespace {

constexpr std::uint64_t kGigabyte = 1024ULL * 1024 * 1024;
constexpr Trialled kSmall{.pg_upgrade_s = 2, .bytes = kGigabyte};

}  // namespace

// Linking a terabyte takes no longer than linking a gigabyte, with the same number of files, which the copy has.
TEST(Estimate, OfLinksDoesNotGrowWithBytes) {
    Trialled large = kSmall;
    large.bytes *= 1000;
    EXPECT_EQ(writes_refused_estimate(large, "link"), writes_refused_estimate(kSmall, "link"));
    EXPECT_EQ(writes_refused_estimate(large, "clone"), writes_refused_estimate(kSmall, "clone"));
}

TEST(Estimate, OfACopyGrowsWithBytes) {
    Trialled large = kSmall;
    large.bytes = 100 * kGigabyte;
    EXPECT_GT(writes_refused_estimate(large, "copy"), writes_refused_estimate(kSmall, "copy") + 100);
}

TEST(Estimate, TakesWhatWasTriedAsItWas) {
    Trialled slow = kSmall;
    slow.pg_upgrade_s += 35;
    EXPECT_DOUBLE_EQ(pg_upgrade_estimate(slow, "link") - pg_upgrade_estimate(kSmall, "link"), 35);
    EXPECT_DOUBLE_EQ(monitor_away_estimate(slow) - monitor_away_estimate(kSmall), 35);
}

TEST(Estimate, OfWritesIsMoreThanThatOfPgUpgrade) {
    EXPECT_GT(writes_refused_estimate(kSmall, "link"), pg_upgrade_estimate(kSmall, "link"));
}

// pg_autoctl's default of 100 MB/s: three hours a terabyte.
TEST(Estimate, OfARebuildFollowsTheBoundOfItsRate) {
    EXPECT_NEAR(rebuild_estimate(1000 * kGigabyte, 100), 10240, 20);
    EXPECT_GT(rebuild_estimate(kGigabyte, 10), rebuild_estimate(kGigabyte, 100));
    EXPECT_EQ(rebuild_estimate(kGigabyte, 0), rebuild_estimate(kGigabyte, 100'000));
}

TEST(Estimate, OfARebuildByLinksKnowsNoBytes) {
    EXPECT_LT(link_rebuild_estimate(200), rebuild_estimate(kGigabyte, 100));
    EXPECT_GT(link_rebuild_estimate(100'000), link_rebuild_estimate(200) + 3);
}

TEST(Estimate, OfRedundancyHasTheMonitorBesideTheStandbys) {
    EXPECT_EQ(redundancy_estimate(5, 10, 3), redundancy_estimate(5, 10, 9));
    EXPECT_GT(redundancy_estimate(5, 10, 20), redundancy_estimate(5, 10, 9));
    EXPECT_GT(redundancy_estimate(5, 0, 0), 5);
}

// Two upgrades that were measured (make bench-estimate): within 15 % what writes are refused, a fifth what follows.
TEST(Estimate, OfWhatWasMeasured) {
    struct Measured {
        Trialled trialled;
        std::uint64_t objects;
        double refused_s, rebuild_s, away_s, redundancy_s;
    };
    constexpr std::uint64_t kMegabyte = 1024ULL * 1024;
    for (const auto &[trialled, objects, refused_s, rebuild_s, away_s, redundancy_s] :
         {Measured{{.pg_upgrade_s = 2.1, .bytes = 611 * kMegabyte}, 18, 2.8, 4.3, 4.3, 9.4},
          Measured{{.pg_upgrade_s = 15.9, .bytes = 139 * kMegabyte}, 20'002, 18.4, 5.0, 5.0, 25.6}}) {
        const auto refused = writes_refused_estimate(trialled, "link");
        const auto rebuild = link_rebuild_estimate(objects);
        EXPECT_NEAR(refused / refused_s, 1, 0.15);
        EXPECT_NEAR(rebuild / rebuild_s, 1, 0.2);
        EXPECT_NEAR(redundancy_estimate(refused, rebuild, away_s) / redundancy_s, 1, 0.2);
    }
}
