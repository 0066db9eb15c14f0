#include "core/transitions.hpp"

#include <algorithm>
#include <array>

namespace pgaf {

namespace {

constexpr std::array<StepTransition, 7> kOfSteps{{
    {StepState::Pending, StepState::Running, "the node's helper begins it"},
    {StepState::Running, StepState::Done, "the helper has done it"},
    {StepState::Running, StepState::Failed, "the helper has failed"},
    {StepState::Running, StepState::Pending, "the helper that began it is gone, another one attaches"},
    {StepState::Failed, StepState::Pending, "the operator or a helper that attaches has it tried again"},
    {StepState::Done, StepState::Failed, "before the switch, what it has found or made no longer holds"},
    {StepState::Done, StepState::Pending, "an earlier step of its node no longer holds"},
}};

constexpr std::array<RunTransition, 18> kOfRuns{{
    {RunState::Preparing, RunState::Ready, "every step of the preparation is done"},
    {RunState::Preparing, RunState::RollingBack, "the operator or a helper has it rolled back"},
    {RunState::Preparing, RunState::Aborted, "the operator aborts"},
    {RunState::Ready, RunState::Approved, "the operator approves"},
    {RunState::Ready, RunState::Preparing, "a step of the preparation no longer holds"},
    {RunState::Ready, RunState::RollingBack, "the operator or a helper has it rolled back"},
    {RunState::Ready, RunState::Aborted, "the operator aborts"},
    {RunState::Approved, RunState::Switching, "the first step behind the gate is begun"},
    {RunState::Approved, RunState::Preparing, "a step of the preparation no longer holds"},
    {RunState::Approved, RunState::RollingBack, "the operator or a helper has it rolled back"},
    {RunState::Approved, RunState::Aborted, "the operator aborts"},
    {RunState::Switching, RunState::Restoring, "every step of the switch is done"},
    {RunState::Switching, RunState::RollingBack, "the operator or a helper has it rolled back"},
    {RunState::RollingBack, RunState::Aborted, "every node is as it was"},
    {RunState::RollingBack, RunState::Preparing, "every node is as it was after a switch that failed"},
    {RunState::Restoring, RunState::Finished, "every step is done"},
    {RunState::Restoring, RunState::RollingBack, "the operator gives up what was written since the switch"},
    {RunState::Finished, RunState::RollingBack, "the operator gives up what was written since the switch"},
}};

template <typename Table, typename State>
bool has(const Table &table, State from, State to) {
    return std::ranges::any_of(table,
                               [=](const auto &transition) { return transition.from == from && transition.to == to; });
}

}  // namespace

std::span<const StepTransition> step_transitions() {
    return kOfSteps;
}

std::span<const RunTransition> run_transitions() {
    return kOfRuns;
}

bool is_legal(StepState from, StepState to) {
    return has(kOfSteps, from, to);
}

bool is_legal(RunState from, RunState to) {
    return has(kOfRuns, from, to);
}

}  // namespace pgaf
