#include <fmt/format.h>

#include "checks/check.hpp"
#include "fault.hpp"
#include "hba.hpp"
#include "steps/steps.hpp"

namespace pgaf {

nlohmann::json CheckStep::perform(const Context &context) const {
    const auto subject = subject_of(context.node, context.target());
    std::string failed;
    for (const auto &check : all_checks()) {
        const auto found = check.find(subject);
        context.monitor.report_check(context.token, check.name, to_string(check.severity), !found.has_value(),
                                     found.value_or(""), check.meaning, check.remedy);
        fault_point("check", "middle");
        if (found && check.severity == Severity::Error) {
            failed += fmt::format("{}{}: {}", failed.empty() ? "" : "; ", check.name, *found);
        }
    }
    if (!failed.empty()) {
        throw HelperError(ExitCode::CheckFailed, failed,
                          "pgaf-upgrade check on this node says what each means and what to do.");
    }
    // what the old file says, for verify to compare with
    const auto hba = to_json(find_hba(context.node, {}));
    context.monitor.report_hba(context.token, "before", hba);
    return {{"hba", hba}};
}

}  // namespace pgaf
