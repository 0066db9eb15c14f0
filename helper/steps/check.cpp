#include <fmt/format.h>
#include <fmt/ranges.h>

#include "checks/check.hpp"
#include "fault.hpp"
#include "hba.hpp"
#include "steps/steps.hpp"

namespace pgaf {

namespace {

// A line for each finding, and each remedy once.
std::string join_found(const CheckResult &result) {
    if (!result.not_examined.empty()) {
        return fmt::format("not looked at: {}", result.not_examined);
    }
    std::vector<std::string> lines;
    for (const auto &finding : result.findings) {
        lines.push_back(finding.found);
    }
    return fmt::format("{}", fmt::join(lines, "\n"));
}

std::string join_remedies(const CheckResult &result) {
    std::vector<std::string> lines;
    for (const auto &finding : result.findings) {
        const auto &remedy = finding.remedy.empty() ? result.check->remedy : finding.remedy;
        if (std::ranges::find(lines, remedy) == lines.end()) {
            lines.push_back(remedy);
        }
    }
    return lines.empty() ? result.check->remedy : fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace

nlohmann::json CheckStep::perform(const Context &context) const {
    Subject subject(context.node, context.target(), context.method());
    const auto results = examine(subject, {}, [&context](const std::string &check) { context.say(check); });
    for (const auto &result : results) {
        context.monitor.report_check(context.token, result.check->name, to_string(result.check->severity),
                                     result.passed(), join_found(result), result.check->meaning, join_remedies(result),
                                     result.check->severity == Severity::DataLoss);
        fault_point("check", "middle");
    }
    // What the operator has taken the responsibility for no longer stands in the way.
    const auto failed = context.monitor.checks_in_the_way(context.plan.at("run").get<std::int64_t>(),
                                                          context.plan.at("node").at("name").get<std::string>());
    if (!failed.empty()) {
        throw HelperError(ExitCode::CheckFailed, fmt::format("{}", fmt::join(failed, "; ")),
                          "pgaf-upgrade check on this node says what each means and what to do.");
    }
    // what the old file says, for verify to compare with
    const auto hba = to_json(find_hba(context.node, {}));
    context.monitor.report_hba(context.token, "before", hba);
    return {{"hba", hba}};
}

}  // namespace pgaf
