#include <gtest/gtest.h>

#include <algorithm>

#include "core/sysidentifier.hpp"
#include "core/sysidentifier_checks.hpp"

namespace pgaf {
namespace {

constexpr std::int64_t kNow = 1767225600;  // 2026-01-01
constexpr std::uint64_t kOld = 7000000000000000001U;

std::uint64_t made_at(std::int64_t seconds, std::uint64_t microseconds = 42, std::uint64_t process = 7) {
    return (static_cast<std::uint64_t>(seconds) << 32U) | (microseconds << 12U) | process;
}

// A group as the run's identity step finds it.
SysidentifierCase good_case(std::uint64_t number = made_at(kNow - 60)) {
    SysidentifierCase subject;
    subject.given = std::to_string(number);
    subject.now = kNow;
    subject.run_started = kNow - 120;
    subject.recorded = number;
    subject.members = {{"node_1", kOld, "wait_primary", "wait_primary"},
                       {"node_2", kOld, "maintenance", "maintenance"}};
    return subject;
}

std::vector<std::string> failed(const SysidentifierCase &subject) {
    std::vector<std::string> names;
    for (const auto &check : check_sysidentifier(subject)) {
        EXPECT_STRNE(check.meaning, "");
        EXPECT_NE(check.found, "") << check.name;
        if (!check.passed) {
            names.emplace_back(check.name);
        }
    }
    return names;
}

using Names = std::vector<std::string>;

TEST(CheckSysidentifier, PassesWhatARunFinds) {
    EXPECT_EQ(failed(good_case()), Names{});
}

TEST(CheckSysidentifier, HasTheSameChecksWhateverIsGiven) {
    const auto names_of = [](const SysidentifierCase &subject) {
        Names names;
        for (const auto &check : check_sysidentifier(subject)) {
            names.emplace_back(check.name);
        }
        return names;
    };
    auto none = good_case();
    none.given.reset();
    none.members.clear();
    EXPECT_EQ(names_of(none), names_of(good_case()));
}

TEST(CheckSysidentifier, RefusesWhatIsNoIdentifier) {
    for (const auto *text : {"-1", "2.5", "18446744073709551616", "seven"}) {
        auto subject = good_case();
        subject.given = text;
        EXPECT_EQ(failed(subject), (Names{"in_range", "not_zero", "plausible", "made_for_run", "as_recorded",
                                          "not_the_old", "not_elsewhere"}))
            << text;
    }
    auto null = good_case();
    null.given.reset();
    EXPECT_EQ(failed(null).front(), "not_null");
    auto zero = good_case(0);
    EXPECT_EQ(failed(zero), (Names{"not_zero", "plausible", "made_for_run"}));
}

TEST(CheckSysidentifier, ReadsWhenItWasMade) {
    EXPECT_EQ(describe_sysidentifier(made_at(kNow, 42, 77)), "2026-01-01 00:00:00.000042 UTC, process 77");
    EXPECT_EQ(describe_sysidentifier(made_at(2147483648, 999999, 4095)),
              "2038-01-19 03:14:08.999999 UTC, process 4095");
    EXPECT_EQ(failed(good_case(made_at(kNow + kClockToleranceSeconds))), Names{});
    EXPECT_EQ(failed(good_case(made_at(kNow + kClockToleranceSeconds + 1))), Names{"plausible"});
    EXPECT_EQ(failed(good_case(made_at(kNow, 999999))), Names{});
    EXPECT_EQ(failed(good_case(made_at(kNow, 1000000))), Names{"plausible"});
}

TEST(CheckSysidentifier, RefusesWhatWasMadeBeforeTheRun) {
    const auto started = kNow - 120;
    EXPECT_EQ(failed(good_case(made_at(started - kClockToleranceSeconds))), Names{});
    EXPECT_EQ(failed(good_case(made_at(started - kClockToleranceSeconds - 1))), Names{"made_for_run"});
    auto by_hand = good_case(made_at(started - 100000));
    by_hand.run_started.reset();
    by_hand.recorded.reset();
    EXPECT_EQ(failed(by_hand), Names{});
    EXPECT_EQ(failed(good_case(made_at(1000000000))), (Names{"plausible", "made_for_run"}));
}

// From January 2038 on every identifier is above 2^63.
TEST(CheckSysidentifier, TakesIdentifiersAbove2To63WhenTheirTimeHasCome) {
    const auto number = made_at(2147483648);
    EXPECT_GT(number, std::uint64_t{1} << 63U);
    EXPECT_EQ(failed(good_case(number)), Names{"plausible"});
    auto in_2038 = good_case(number);
    in_2038.now = 2147483700;
    in_2038.run_started = 2147483640;
    EXPECT_EQ(failed(in_2038), Names{});
}

TEST(CheckSysidentifier, ComparesWithWhatIsKnown) {
    auto old = good_case();
    old.given = std::to_string(kOld);
    old.recorded = kOld;
    old.run_started.reset();
    EXPECT_EQ(failed(old), Names{"not_the_old"});
    auto other = good_case();
    other.recorded = made_at(kNow - 61);
    EXPECT_EQ(failed(other), Names{"as_recorded"});
    auto used = good_case();
    used.used_elsewhere = "group 1 of formation default";
    EXPECT_EQ(failed(used), Names{"not_elsewhere"});
}

TEST(CheckSysidentifier, LetsARewriteBeTakenBack) {
    auto subject = good_case(kOld);
    subject.members[0].sysidentifier = subject.members[1].sysidentifier = made_at(kNow - 60);
    subject.recorded = made_at(kNow - 60);
    EXPECT_EQ(failed(subject), (Names{"made_for_run", "as_recorded"}));
    subject.was_the_groups = true;
    EXPECT_EQ(failed(subject), Names{});
}

TEST(CheckSysidentifier, WantsTheNodesToAgree) {
    auto subject = good_case();
    subject.members[1].sysidentifier = kOld + 1;
    EXPECT_EQ(failed(subject), Names{"nodes_agree"});
    subject.members[0].sysidentifier.reset();
    subject.members[1].sysidentifier.reset();
    EXPECT_EQ(failed(subject), Names{"nodes_agree"});
}

TEST(CheckSysidentifier, WantsTheGroupAtRest) {
    const auto at_rest = [](const std::vector<std::pair<const char *, const char *>> &states) {
        auto subject = good_case();
        subject.members.clear();
        for (const auto &[reported, goal] : states) {
            subject.members.push_back({"node", kOld, reported, goal});
        }
        const auto names = failed(subject);
        EXPECT_TRUE(names.empty() || names == Names{"at_rest"});
        return names.empty();
    };
    EXPECT_TRUE(at_rest({{"single", "single"}}));
    EXPECT_TRUE(at_rest({{"primary", "primary"}, {"maintenance", "maintenance"}}));
    EXPECT_TRUE(
        at_rest({{"wait_primary", "wait_primary"}, {"maintenance", "maintenance"}, {"maintenance", "maintenance"}}));
    // the monitor was about to change a setting when the primary was stopped
    EXPECT_TRUE(at_rest({{"primary", "apply_settings"}, {"maintenance", "maintenance"}}));
    EXPECT_TRUE(at_rest({{"primary", "wait_primary"}, {"maintenance", "maintenance"}}));
    EXPECT_TRUE(at_rest({{"single", "single"}, {"secondary", "dropped"}}));
    EXPECT_FALSE(at_rest({{"primary", "primary"}, {"secondary", "secondary"}}));
    EXPECT_FALSE(at_rest({{"primary", "primary"}, {"wait_maintenance", "maintenance"}}));
    EXPECT_FALSE(at_rest({{"primary", "primary"}, {"maintenance", "catchingup"}}));
    EXPECT_FALSE(at_rest({{"primary", "primary"}, {"primary", "primary"}}));
    EXPECT_FALSE(at_rest({{"maintenance", "maintenance"}, {"maintenance", "maintenance"}}));
    EXPECT_FALSE(at_rest({{"primary", "demoted"}, {"maintenance", "maintenance"}}));
    EXPECT_FALSE(at_rest({{"draining", "primary"}, {"maintenance", "maintenance"}}));
}

}  // namespace
}  // namespace pgaf
