#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

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

// seconds, then 20 bits of microseconds, then 12 bits of the process id
constexpr std::uint64_t made(std::uint64_t seconds, std::uint64_t microseconds = 7, std::uint64_t process_id = 42) {
    return (seconds << 32U) | (microseconds << 12U) | process_id;
}

TEST(OriginOf, TakesTheIdentifierApart) {
    const auto origin = origin_of(made(2147483648U, 999999, 4095));
    EXPECT_EQ(origin.seconds, 2147483648);
    EXPECT_EQ(origin.microseconds, 999999);
    EXPECT_EQ(origin.process_id, 4095);
}

constexpr std::int64_t kNow = 1800000000;

// What a check of that name says: "passed", "failed", or "-" where it has nothing to judge by.
std::string verdict(std::string_view name, const std::optional<std::string> &text,
                    const SysidentifierContext &context) {
    for (const auto &check : check_sysidentifier(text, context)) {
        if (check.name == name) {
            return !check.passed ? "-" : *check.passed ? "passed" : "failed";
        }
    }
    return "no such check";
}

SysidentifierContext group_of(std::uint64_t value) {
    SysidentifierContext context;
    context.now_s = kNow;
    context.nodes = {{"node_1", value}, {"node_2", value}};
    return context;
}

TEST(CheckSysidentifier, HasEveryCheckWhateverIsGiven) {
    const auto names = [](const std::optional<std::string> &text) {
        std::vector<std::string_view> found;
        for (const auto &check : check_sysidentifier(text, group_of(1))) {
            found.push_back(check.name);
        }
        return found;
    };
    const auto all = names(format_sysidentifier(made(kNow)));
    EXPECT_EQ(all.size(), 8U);
    for (const std::optional<std::string> &text : {std::optional<std::string>{}, {"0"}, {"-1"}, {"seven"}}) {
        EXPECT_EQ(names(text), all);
    }
}

TEST(CheckSysidentifier, RefusesNullZeroAndWhatIsNoNumber) {
    const auto context = group_of(made(kNow));
    EXPECT_EQ(verdict("not_null", std::nullopt, context), "failed");
    EXPECT_EQ(verdict("is_a_number", std::nullopt, context), "-");
    EXPECT_EQ(verdict("is_a_number", "18446744073709551616", context), "failed");
    EXPECT_EQ(verdict("not_zero", "18446744073709551616", context), "-");
    EXPECT_EQ(verdict("not_zero", "0", context), "failed");
    EXPECT_EQ(verdict("plausible_time", "0", context), "-");
}

TEST(CheckSysidentifier, JudgesTheTimeAtWhichItWasMade) {
    const auto context = group_of(made(kNow));
    const auto at = [&](std::uint64_t seconds, std::uint64_t microseconds = 0) {
        return verdict("plausible_time", format_sysidentifier(made(seconds, microseconds)), context);
    };
    EXPECT_EQ(at(kNow), "passed");
    EXPECT_EQ(at(kNow + 600), "passed");
    EXPECT_EQ(at(kNow + 601), "failed");
    EXPECT_EQ(at(1104537600), "passed");
    EXPECT_EQ(at(1104537599), "failed");
    EXPECT_EQ(at(kNow, 999999), "passed");
    EXPECT_EQ(at(kNow, 1000000), "failed");
    EXPECT_EQ(verdict("plausible_time", "7", context), "failed");
}

// After January 2038 each of them is above 2^63, negative where pg_auto_failover stores it.
TEST(CheckSysidentifier, KnowsTheTimeAfter2038) {
    auto context = group_of(made(2200000000U));
    context.now_s = 2200000100;
    context.run_started_s = 2199999999;
    context.old = made(2100000000U);
    ASSERT_LT(to_bigint(made(2200000000U)), 0);
    for (const auto &check : check_sysidentifier(format_sysidentifier(made(2200000000U)), context)) {
        EXPECT_EQ(check.passed, true) << check.name << ": " << check.found;
    }
}

TEST(CheckSysidentifier, WantsItMadeInTheRun) {
    auto context = group_of(made(kNow));
    const auto text = format_sysidentifier(made(kNow - 5000));
    EXPECT_EQ(verdict("made_in_the_run", text, context), "-");
    context.run_started_s = kNow - 4400;
    EXPECT_EQ(verdict("made_in_the_run", text, context), "passed");
    context.run_started_s = kNow - 4399;
    EXPECT_EQ(verdict("made_in_the_run", text, context), "failed");
}

TEST(CheckSysidentifier, RefusesTheOldOneAndAnotherGroups) {
    auto context = group_of(made(kNow));
    const auto text = format_sysidentifier(made(kNow));
    EXPECT_EQ(verdict("not_the_old_one", text, context), "-");
    context.old = made(kNow);
    EXPECT_EQ(verdict("not_the_old_one", text, context), "failed");
    context.old = made(kNow - 1);
    EXPECT_EQ(verdict("not_the_old_one", text, context), "passed");
    EXPECT_EQ(verdict("not_of_another_group", text, context), "passed");
    context.other_group = "group 1 of formation default";
    EXPECT_EQ(verdict("not_of_another_group", text, context), "failed");
}

TEST(CheckSysidentifier, WantsOneIdentifierOnAllNodes) {
    const auto text = format_sysidentifier(made(kNow));
    auto context = group_of(5);
    EXPECT_EQ(verdict("nodes_agree", text, context), "passed");
    context.nodes[1].value = 6;
    EXPECT_EQ(verdict("nodes_agree", text, context), "failed");
    context.nodes[1].value = std::nullopt;
    EXPECT_EQ(verdict("nodes_agree", text, context), "failed");
    context.nodes.clear();
    EXPECT_EQ(verdict("nodes_agree", text, context), "-");
}

}  // namespace
}  // namespace pgaf
