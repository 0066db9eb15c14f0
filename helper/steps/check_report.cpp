#include "steps/check_report.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

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

const std::vector<std::string> &checks_of_the_moment() {
    static const std::vector<std::string> names{"server_runs", "nodes_settled", "one_primary", "standbys_stream",
                                                "base_backup_connection"};
    return names;
}

std::vector<std::string> checks_without_rehearsal() {
    std::vector<std::string> names;
    for (const auto &check : all_checks()) {
        if (std::ranges::find(rehearsed_checks(), check.name) == rehearsed_checks().end()) {
            names.push_back(check.name);
        }
    }
    return names;
}

void report_check(const Context &context, const CheckResult &result) {
    context.monitor.report_check(context.token, {.name = result.check->name,
                                                 .severity = to_string(result.severity()),
                                                 .passed = result.passed(),
                                                 .found = join_found(result),
                                                 .meaning = result.check->meaning,
                                                 .remedy = join_remedies(result),
                                                 .data_loss = result.severity() == Severity::DataLoss,
                                                 .detail = result.detail});
}

std::string in_words(const std::vector<OpenCheck> &checks) {
    std::string text;
    for (const auto &check : checks) {
        text += (text.empty() ? "" : "; ") + check.in_words();
    }
    return text;
}

std::vector<OpenCheck> checks_in_the_way(const Context &context) {
    return context.monitor.checks_in_the_way(context.plan.run, context.plan.node.name);
}

}  // namespace pgaf
