#include "core/sysidentifier.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace pgaf {

namespace {

// Clocks of different hosts may differ by this much.
constexpr std::int64_t kClockToleranceS = 600;
// 2005-01-01: PostgreSQL 8.0, the oldest that anybody's cluster can have been made by.
constexpr std::int64_t kEarliestS = 1104537600;

std::string utc(std::int64_t seconds) {
    const auto time = static_cast<std::time_t>(seconds);
    std::tm parts{};
    std::array<char, 32> text{};
    ::gmtime_r(&time, &parts);
    (void) std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
    return text.data();
}

std::string seconds_apart(std::int64_t from, std::int64_t to) {
    return std::to_string(to - from) + " s";
}

SysidentifierCheck check_time(const SysidentifierOrigin &origin, const SysidentifierContext &context) {
    SysidentifierCheck check{"plausible_time", true, "made at " + utc(origin.seconds),
                             "initdb makes it of the time: this one comes from elsewhere, or a clock is wrong"};
    if (origin.seconds > context.now_s + kClockToleranceS) {
        check.passed = false;
        check.found += ", which is " + seconds_apart(context.now_s, origin.seconds) + " ahead";
    } else if (origin.seconds < kEarliestS || origin.microseconds >= 1000000) {
        check.passed = false;
        check.found += " and " + std::to_string(origin.microseconds) + " microseconds, which no initdb writes";
    }
    return check;
}

SysidentifierCheck check_after_start(const SysidentifierOrigin &origin, const SysidentifierContext &context) {
    SysidentifierCheck check{"made_in_the_run", std::nullopt, "the group is in no active run",
                             "the new cluster was made before the run began: it is not the one of this upgrade"};
    if (context.run_started_s) {
        check.passed = origin.seconds >= *context.run_started_s - kClockToleranceS;
        check.found = *check.passed ? "made since the run began"
                                    : seconds_apart(origin.seconds, *context.run_started_s) + " before the run began";
    }
    return check;
}

SysidentifierCheck check_not_old(std::uint64_t value, const SysidentifierContext &context) {
    SysidentifierCheck check{"not_the_old_one", std::nullopt, "no identifier of an old cluster is known",
                             "after pg_upgrade a cluster has a new one: this is of the old"};
    if (context.old) {
        check.passed = value != *context.old;
        check.found = "the old cluster has " + format_sysidentifier(*context.old);
    }
    return check;
}

SysidentifierCheck check_nodes(const SysidentifierContext &context) {
    SysidentifierCheck check{
        "nodes_agree", std::nullopt, "the group has no nodes",
        "the nodes of a group must have one identifier, else pg_auto_failover refuses their reports"};
    for (const auto &node : context.nodes) {
        if (!check.passed) {
            check.passed = true;
            check.found.clear();
        }
        if (node.value != context.nodes.front().value) {
            check.passed = false;
        }
        check.found += (check.found.empty() ? "" : ", ") + node.node + " has " +
                       (node.value ? format_sysidentifier(*node.value) : "none");
    }
    return check;
}

}  // namespace

std::optional<std::uint64_t> parse_sysidentifier(std::string_view text) {
    std::uint64_t value = 0;
    const auto *end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || rest != end || text.empty()) {
        return std::nullopt;
    }
    return value;
}

std::string format_sysidentifier(std::uint64_t sysidentifier) {
    return std::to_string(sysidentifier);
}

bool may_have_sysidentifier_rewritten(std::string_view state) {
    constexpr std::array<std::string_view, 7> kStates{
        "single", "wait_primary", "primary", "join_primary", "apply_settings", "wait_maintenance", "maintenance"};
    return std::ranges::find(kStates, state) != kStates.end();
}

std::vector<SysidentifierCheck> check_sysidentifier(const std::optional<std::string> &text,
                                                    const SysidentifierContext &context) {
    const auto parsed = text ? parse_sysidentifier(*text) : std::nullopt;
    const std::uint64_t value = parsed.value_or(0);
    std::vector<SysidentifierCheck> checks{
        {"not_null", text.has_value(), text ? "a value" : "null", "pg_auto_failover knows no identifier of the group"},
        {"is_a_number", text ? std::optional(parsed.has_value()) : std::nullopt, text.value_or("null"),
         "an identifier is a whole number below 2^64"},
        {"not_zero", parsed ? std::optional(value != 0) : std::nullopt, text.value_or("null"),
         "no cluster has 0: it stands for an identifier that was never read"}};
    if (value != 0) {
        checks.push_back(check_time(origin_of(value), context));
        checks.push_back(check_after_start(origin_of(value), context));
        checks.push_back(check_not_old(value, context));
        checks.push_back({"not_of_another_group", !context.other_group,
                          context.other_group.value_or("no other group has it"),
                          "two groups cannot be of one cluster"});
    } else {
        for (const auto *name : {"plausible_time", "made_in_the_run", "not_the_old_one", "not_of_another_group"}) {
            checks.push_back({name, std::nullopt, "no identifier to look at", ""});
        }
    }
    checks.push_back(check_nodes(context));
    return checks;
}

}  // namespace pgaf
