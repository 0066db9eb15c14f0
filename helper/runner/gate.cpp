#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "core/errors.hpp"
#include "runner/runner.hpp"
#include "steps/steps.hpp"

// What closes the gate again after a node has been looked at, and before it is changed.
namespace pgaf {

// From this node's checks until its first step behind the gate: what the operator reads, or has read, is what is
// carried over, or it is shown anew.
void Runner::close_gate_if_edited(const Due &due) {
    if (!is_before_switch(due.run_state) || !journal_.is_done(steps::kCheck)) {
        return;
    }
    const auto with = context(monitor_, std::string(steps::kCheck));
    std::string found;
    deliver(monitor_, "what was edited", [&] { found = not_as_shown(with); });
    if (found.empty()) {
        return;
    }
    const HelperError error(ExitCode::CheckFailed, fmt::format("files_as_shown: {}", found),
                            "Look at it with pgaf-upgrade check --diff. Then pgaf-upgrade run shows it anew.");
    if (close_gate(error)) {
        throw HelperError(error);
    }
}

// Before this node's first step behind the gate: the applications have gone on since it was looked at, and what has
// come up since would be met in the switch.
void Runner::close_gate_if_hindered(const Due &due) {
    const bool is_first = due.step == steps::kRelaxSync || due.step == steps::kEnterMaintenance;
    if (!is_first || journal_.was_begun(due.step)) {
        return;
    }
    const auto with = context(monitor_, due.step);
    std::string found;
    deliver(monitor_, "what was found at the gate", [&] { found = look_at_gate(with); });
    if (found.empty()) {
        return;
    }
    const HelperError error(ExitCode::CheckFailed, found,
                            "Nothing of this node was changed. pgaf-upgrade check says what each means and what to do; "
                            "then pgaf-upgrade run goes on.");
    if (!close_gate(error)) {  // another node is behind it
        deliver(monitor_, due.step, [&] { begin(monitor_, due.step); });
        deliver(monitor_, due.step, [&] { monitor_.fail_step(token_, due.step, error); });
        view_.failed(due.step, error.what());
        spdlog::error("step {} is not begun: {}", due.step, error.what());
    }
    throw HelperError(error);
}

// The run has to be approved anew. False where another node has begun the switch.
bool Runner::close_gate(const HelperError &error) {
    std::map<std::string, nlohmann::json> results;
    for (const auto step : {steps::kCheck, steps::kConfigure, steps::kDryRun}) {
        if (journal_.is_done(step)) {
            results.emplace(step, journal_.result(step));
            journal_.undone(step);  // first: what the monitor no longer takes for done is not told it again
        }
    }
    try {
        const std::string check(steps::kCheck);
        deliver(monitor_, check, [&] { monitor_.fail_step(token_, check, error); });
    } catch (const PgError &refused) {
        if (refused.sqlstate() != code::kStepNotDue) {
            throw;
        }
        for (const auto &[step, result] : results) {
            journal_.done(step, result);
        }
        return false;
    }
    journal_.failed(steps::kCheck, error.what());
    view_.failed(std::string(steps::kCheck), error.what());
    spdlog::error("step check no longer holds: {}", error.what());
    return true;
}

}  // namespace pgaf
