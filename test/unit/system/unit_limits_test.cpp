#include "system/unit_limits.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace pgaf {
namespace {

TEST(LimitsOfAUnit, AreReadAsSystemdShowsThem) {
    const auto limits = limits_in(
        "OOMScoreAdjust=-300\nLimitNOFILE=23456\nLimitNOFILESoft=12345\nLimitCORE=infinity\nLimitCORESoft=0\n"
        "LimitNPROC=x\nLimitNPROCSoft=1\nLimitAS=1\nLimitASSoft=2\n");
    EXPECT_EQ(limits.oom_score_adjust, -300);
    ASSERT_EQ(limits.resources.size(), 2U) << "what is no number, or above its limit, is left out";
    const auto files = std::ranges::find(limits.resources, RLIMIT_NOFILE, &std::pair<int, rlimit>::first);
    EXPECT_EQ(files->second.rlim_cur, 12345U);
    EXPECT_EQ(files->second.rlim_max, 23456U);
    const auto core = std::ranges::find(limits.resources, RLIMIT_CORE, &std::pair<int, rlimit>::first);
    EXPECT_EQ(core->second.rlim_max, RLIM_INFINITY);
}

TEST(LimitsOfAUnit, AreNoneWhereNothingIsShown) {
    const auto limits = limits_in("");
    EXPECT_TRUE(limits.resources.empty());
    EXPECT_FALSE(limits.oom_score_adjust);
}

}  // namespace
}  // namespace pgaf
