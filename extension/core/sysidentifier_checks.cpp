#include "core/sysidentifier_checks.hpp"

#include <algorithm>

#include "core/monitor_states.hpp"
#include "core/sysidentifier.hpp"

namespace pgaf {

namespace {

// 2010: no initdb of a version that can be met here was run before.
constexpr std::int64_t kEarliest = 1262304000;
constexpr int kMicrosecondsPerSecond = 1000000;

std::string shown(const std::optional<std::uint64_t> &sysidentifier) {
    return sysidentifier ? format_sysidentifier(*sysidentifier) : "null";
}

// The identifiers that the monitor has for the group, each with the nodes that have it.
std::string identifiers_of(const std::vector<GroupMember> &members) {
    std::string text;
    for (const auto &member : members) {
        text += (text.empty() ? "" : ", ") + member.name + ": " + shown(member.sysidentifier);
    }
    return text;
}

bool is_the_primary(const GroupMember &member) {
    const auto accepts = [](const std::string &state) {
        return is_writable_state(state) || is_writable_in_passing(state);
    };
    return accepts(member.goal_state) && accepts(member.reported_state);
}

bool is_out_of_the_way(const GroupMember &member) {
    return member.goal_state == "dropped" ||
           (member.goal_state == "maintenance" && member.reported_state == "maintenance");
}

// While the identifier changes nothing may be promoted and nothing may be rewound to another node: one
// node accepts writes, or did when its server was stopped, and the others are in maintenance.
bool is_at_rest(const std::vector<GroupMember> &members) {
    return std::ranges::count_if(members, is_the_primary) == 1 &&
           std::ranges::all_of(
               members, [](const GroupMember &member) { return is_the_primary(member) || is_out_of_the_way(member); });
}

std::string states_of(const std::vector<GroupMember> &members) {
    std::string text;
    for (const auto &member : members) {
        text += (text.empty() ? "" : ", ") + member.name + ": " + member.reported_state;
        if (member.reported_state != member.goal_state) {
            text += ", assigned " + member.goal_state;
        }
    }
    return text;
}

}  // namespace

std::vector<SysidentifierCheck> check_sysidentifier(const SysidentifierCase &subject) {
    std::vector<SysidentifierCheck> checks;
    const auto parsed = subject.given ? parse_sysidentifier(*subject.given) : std::nullopt;
    const bool is_number = parsed.has_value();
    const auto number = parsed.value_or(0);
    const auto of_value = [&](const char *name, const char *meaning, bool passed, std::string found) {
        checks.push_back({name, true, passed, std::move(found), meaning});
    };
    const auto of_number = [&](const char *name, const char *meaning, bool passed, std::string found) {
        of_value(name, meaning, is_number && passed, is_number ? std::move(found) : "no number to look at");
    };
    // What the group had before is an identifier, whatever it looks like, and a rewrite can be taken back.
    const bool before = subject.was_the_groups;
    const auto made = before ? "it was the group's before" : describe_sysidentifier(number);

    of_value("not_null", "pg_auto_failover takes null for not known", subject.given.has_value(),
             subject.given.value_or("null"));
    of_value("in_range", "an identifier is a whole number below 2^64", is_number, subject.given.value_or("null"));
    of_number("not_zero", "pg_auto_failover takes 0 for not known", number != 0, format_sysidentifier(number));
    of_number("plausible", "its upper 32 bits are the second in which initdb made it, the next 20 the microsecond",
              before || (created_at_microseconds(number) < kMicrosecondsPerSecond && created_at(number) >= kEarliest &&
                         created_at(number) <= subject.now + kClockToleranceSeconds),
              made);
    of_number("made_for_run", "a run makes its new cluster after it has started",
              before || !subject.run_started || created_at(number) >= *subject.run_started - kClockToleranceSeconds,
              subject.run_started ? made : "no run is active");
    of_number("as_recorded", "the run has recorded the identifier of the new cluster that it made",
              before || !subject.recorded || *subject.recorded == number,
              subject.recorded ? "recorded: " + shown(subject.recorded) : "nothing is recorded");
    of_number("not_the_old", "the new cluster's identifier differs from the old one's",
              std::ranges::none_of(subject.members,
                                   [&](const GroupMember &member) { return member.sysidentifier == number; }),
              identifiers_of(subject.members));
    of_number("not_elsewhere", "one identifier belongs to one group", !subject.used_elsewhere,
              subject.used_elsewhere.value_or("nobody else has it"));

    const auto of_group = [&](const char *name, const char *meaning, bool passed, std::string found) {
        checks.push_back({name, false, passed, std::move(found), meaning});
    };
    const bool agree = std::ranges::all_of(subject.members, [&](const GroupMember &member) {
        return member.sysidentifier && member.sysidentifier == subject.members.front().sysidentifier;
    });
    of_group("nodes_agree", "the nodes of a group have one identifier", agree, identifiers_of(subject.members));
    of_group("at_rest", "it may change while one node is the primary and the others are in maintenance",
             is_at_rest(subject.members), states_of(subject.members));
    return checks;
}

}  // namespace pgaf
