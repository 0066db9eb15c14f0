#include <algorithm>
#include <array>
#include <thread>

#include <spdlog/spdlog.h>

#include "steps/check_report.hpp"
#include "steps/steps.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

constexpr std::chrono::minutes kPatience{1};
constexpr std::string_view kPrepared = "prepared_transactions";

// Standbys connect again, transactions are prepared and committed, an archive gets its WAL and a table its copy: that
// may pass by itself.
constexpr std::array<std::string_view, 3> kMayPass{kPrepared, "archive_backlog", "subscription_tables"};

bool may_pass(const OpenCheck &check) {
    const auto &of_the_moment = checks_of_the_moment();
    return std::ranges::find(kMayPass, check.name) != kMayPass.end() ||
           std::ranges::find(of_the_moment, check.name) != of_the_moment.end();
}

CheckResult pg_upgrade_refuses(const Context &context) {
    const auto check = std::ranges::find(all_checks(), "pg_upgrade_check", &Check::name);
    try {
        try_pg_upgrade(context);
    } catch (const PgError &) {
        throw;  // not its verdict: the server is away
    } catch (const HelperError &error) {
        return {&*check, {{error.what(), error.hint()}}, ""};
    }
    return {&*check, {}, ""};
}

void look_again(const Context &context) {
    Subject subject(context.node, context.target(), context.method(), context.standby_method());
    subject.leave_out_trial();
    bool are_prepared = false;
    for (const auto &result : examine(subject, {}, context.say)) {
        if (result.not_examined.empty()) {
            report_check(context, result);
            are_prepared = are_prepared || (result.check->name == kPrepared && !result.passed());
        }
    }
    // which would refuse these as well, in words of its own
    if (context.role() == Role::Primary && !are_prepared) {
        report_check(context, pg_upgrade_refuses(context));
    }
}

}  // namespace

std::string look_at_gate(const Context &context) {
    const auto deadline = std::chrono::steady_clock::now() + context.limit(kPatience);
    std::string before;
    while (true) {
        context.require_same_primary();
        look_again(context);
        const auto found = checks_in_the_way(context);
        auto line = in_words(found);
        std::ranges::replace(line, '\n', ' ');
        // twice the same: a host may go away, or come back, while it is looked at
        const bool stays = line == before && !std::ranges::all_of(found, may_pass);
        if (found.empty() || stays || std::chrono::steady_clock::now() > deadline || stop_was_asked()) {
            return line;
        }
        spdlog::info("waiting at the gate: {}", line);
        before = line;
        std::this_thread::sleep_for(std::chrono::seconds(2));
    }
}

}  // namespace pgaf
