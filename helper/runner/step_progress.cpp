#include "runner/step_progress.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>

namespace pgaf {

void StepProgress::begin(const Assignment &plan) {
    std::vector<std::pair<std::string, StepState>> steps;
    for (const auto &step : plan.steps) {
        steps.emplace_back(step.name, step.state);
    }
    const auto source = plan.source_version ? fmt::format("{}", *plan.source_version) : "?";
    view_.begin(fmt::format("run {}: {} ({}) from PostgreSQL {} to {}", plan.run, plan.node.name,
                            to_string(plan.node.role), source, plan.target_version),
                plan.node.role, steps);
}

Say StepProgress::of(std::string_view step) {
    return [this, step = std::string(step)](const std::string &text) {
        const std::lock_guard lock(mutex_);
        if (step != steps::kRollback) {  // of which the monitor's table has no row
            last_[step] = text;
        }
        view_.progress(step, text);
    };
}

std::map<std::string, std::string> StepProgress::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(last_, {});
}

}  // namespace pgaf
