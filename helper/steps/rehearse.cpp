#include <nlohmann/json.hpp>

#include "checks/estimate.hpp"
#include "checks/rehearse.hpp"
#include "checks/trial.hpp"
#include "run/warnings.hpp"
#include "steps/check_report.hpp"
#include "steps/steps.hpp"

namespace pgaf {

nlohmann::json Rehearse::perform(const Context &context) const {
    Subject subject(context.node, context.target(), context.method(), context.standby_method());
    subject.say = context.say;
    const auto rehearsal = rehearse(subject);
    for (const auto &result : rehearsal.results) {
        report_check(context, result);
    }
    if (const auto failed = checks_in_the_way(context); !failed.empty()) {
        throw HelperError(ExitCode::CheckFailed, in_words(failed),
                          "pgaf-upgrade rehearse on this node does the same again.");
    }
    nlohmann::json result;
    Warnings warnings;
    for (const auto &[table, error] : rehearsal.not_analyzed) {
        warnings.add(table, "rehearsed: " + error, "Fix it before the switch, or ANALYZE the table after it.");
    }
    if (!warnings.empty()) {
        result["warnings"] = warnings.json();
    }
    if (const auto estimate = estimate_of(subject)) {
        result["estimate"] = nlohmann::json::parse(estimate->values);
    }
    if (const auto *rehearsed = subject.made_trial() == nullptr ? nullptr : subject.made_trial()->whole_rehearsal()) {
        result["parts"] = rehearsed->parts.json();
        result["copied_bytes"] = rehearsed->copy.bytes;
    }
    return result;
}

}  // namespace pgaf
