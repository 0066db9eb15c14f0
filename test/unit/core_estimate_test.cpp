#include "core/estimate.hpp"

#include <gtest/gtest.h>

using namespace pgaf;

namespace {

constexpr std::uint64_t kGigabyte = 1024ULL * 1024 * 1024;
constexpr Trialled kSmall{.check_s = 1, .rehearsal_s = 1, .objects = 200, .bytes = kGigabyte};

}  // namespace

// Linking a terabyte takes no longer than linking a gigabyte, with the same number of files.
TEST(Estimate, OfLinksGrowsWithObjectsAndNotWithBytes) {
    Trialled large = kSmall;
    large.bytes *= 1000;
    EXPECT_EQ(writes_refused_estimate(large, "link"), writes_refused_estimate(kSmall, "link"));
    EXPECT_EQ(writes_refused_estimate(large, "clone"), writes_refused_estimate(kSmall, "clone"));
    large.objects = 100'000;
    EXPECT_GT(writes_refused_estimate(large, "link"), writes_refused_estimate(kSmall, "link") + 10);
}

TEST(Estimate, OfACopyGrowsWithBytes) {
    Trialled large = kSmall;
    large.bytes = 100 * kGigabyte;
    EXPECT_GT(writes_refused_estimate(large, "copy"), writes_refused_estimate(kSmall, "copy") + 100);
}

TEST(Estimate, TakesWhatWasTriedAsItWas) {
    Trialled slow = kSmall;
    slow.check_s += 5;
    slow.rehearsal_s += 30;
    EXPECT_DOUBLE_EQ(pg_upgrade_estimate(slow, "link") - pg_upgrade_estimate(kSmall, "link"), 35);
    EXPECT_DOUBLE_EQ(monitor_away_estimate(slow) - monitor_away_estimate(kSmall), 35);
}

TEST(Estimate, OfWritesIsMoreThanThatOfPgUpgrade) {
    EXPECT_GT(writes_refused_estimate(kSmall, "link"), pg_upgrade_estimate(kSmall, "link"));
    EXPECT_GT(pg_upgrade_estimate({}, "link"), 0);
}

// pg_autoctl's default of 100 MB/s: three hours a terabyte.
TEST(Estimate, OfARebuildFollowsTheBoundOfItsRate) {
    EXPECT_NEAR(rebuild_estimate(1000 * kGigabyte, 100), 10240, 20);
    EXPECT_GT(rebuild_estimate(kGigabyte, 10), rebuild_estimate(kGigabyte, 100));
    EXPECT_EQ(rebuild_estimate(kGigabyte, 0), rebuild_estimate(kGigabyte, 100'000));
}

TEST(Estimate, OfARebuildByLinksKnowsNoBytes) {
    EXPECT_LT(link_rebuild_estimate(200), rebuild_estimate(kGigabyte, 100));
    EXPECT_GT(link_rebuild_estimate(100'000), link_rebuild_estimate(200) + 10);
}

TEST(Estimate, OfRedundancyHasTheMonitorBesideTheStandbys) {
    EXPECT_EQ(redundancy_estimate(5, 10, 3), redundancy_estimate(5, 10, 9));
    EXPECT_GT(redundancy_estimate(5, 10, 20), redundancy_estimate(5, 10, 9));
    EXPECT_GT(redundancy_estimate(5, 0, 0), 5);
}
