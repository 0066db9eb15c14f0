#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "checks/estimate.hpp"
#include "configuration/hba.hpp"
#include "run/software.hpp"
#include "steps/check_report.hpp"
#include "steps/steps.hpp"
#include "system/fault.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

using Deadline = std::chrono::steady_clock::time_point;

struct Look {
    std::vector<CheckResult> results;
    std::optional<NodeEstimate> estimate;
};

Look look(const Context &context, const std::vector<std::string> &only,
          const std::function<void(const std::string &)> &say) {
    Subject subject(context.node, context.target(), context.method(), context.standby_method());
    auto results = examine(subject, only.empty() ? checks_without_rehearsal() : only, say);
    return {std::move(results), estimate_of(subject)};
}

// After a boot, of this host or of another, the cluster needs a while.
void wait_for_cluster(const Context &context, Deadline deadline) {
    while (std::chrono::steady_clock::now() < deadline && !stop_was_asked()) {
        const auto results = look(context, checks_of_the_moment(), [](const std::string &) {}).results;
        const auto open = std::ranges::find_if_not(results, &CheckResult::passed);
        if (open == results.end()) {
            return;
        }
        context.say(fmt::format("waiting for {}", open->check->name));
        std::this_thread::sleep_for(std::chrono::seconds(1));
    }
}

struct Kept {
    nlohmann::json digests;
    std::optional<HelperError> error;  // why there are none
};

// Before the checks, whose last finds what is edited while they look. Where the files cannot be kept, the checks say
// why, in their words.
Kept keep_files(const Context &context) {
    try {
        return {keep_files_to_show(context), {}};
    } catch (const HelperError &error) {
        return {nullptr, error};
    }
}

bool says_the_same(const CheckResult &one, const CheckResult &other) {
    return one.not_examined == other.not_examined &&
           std::ranges::equal(one.findings, other.findings, {}, &Finding::found, &Finding::found);
}

// What does not pass is looked at again, until it says twice the same: a host may go away, or come back,
// while the checks are made.
Look look_patiently(const Context &context, Deadline deadline) {
    auto first = look(context, {}, context.say);
    auto &results = first.results;
    bool is_settled = false;
    while (!is_settled && std::chrono::steady_clock::now() < deadline) {
        std::vector<std::string> failed;
        for (const auto &result : results) {
            if (!result.passed()) {
                failed.push_back(result.check->name);
            }
        }
        if (failed.empty()) {
            break;
        }
        wait_for_cluster(context, deadline);
        is_settled = true;
        auto once_more = look(context, failed, context.say);
        first.estimate = once_more.estimate ? once_more.estimate : first.estimate;
        for (auto &again : once_more.results) {
            auto &before = *std::ranges::find(results, again.check, &CheckResult::check);
            is_settled = is_settled && says_the_same(before, again);
            before = std::move(again);
        }
    }
    return first;
}

}  // namespace

nlohmann::json CheckStep::perform(const Context &context) const {
    // first, for the other nodes to compare theirs with
    context.monitor.report_software(
        context.token, to_json(software_of(Installation::find(context.node, context.target()), context.target())));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    wait_for_cluster(context, deadline);
    const auto kept = keep_files(context);
    const auto looked = look_patiently(context, deadline);
    for (const auto &result : looked.results) {
        report_check(context, result);
        fault_point(steps::kCheck, "middle");
    }
    if (const auto failed = checks_in_the_way(context); !failed.empty()) {
        throw HelperError(ExitCode::CheckFailed, in_words(failed),
                          "pgaf-upgrade check on this node says what each means and what to do.");
    }
    if (kept.error) {
        throw HelperError(*kept.error);
    }
    // what the old file says, for verify to compare with
    const auto hba = to_json(find_hba(context.node, {}));
    context.monitor.report_hba(context.token, "before", hba);
    nlohmann::json result{{"hba", hba}, {"files", kept.digests}};
    if (looked.estimate) {
        result["estimate"] = nlohmann::json::parse(looked.estimate->values);
    }
    return result;
}

}  // namespace pgaf
