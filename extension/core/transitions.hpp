#pragma once

#include <span>
#include <string_view>

#include "core/steps.hpp"

// Which state may follow which, and what moves it: the whole table. A regression test prints it and
// tries every function in every state, so that nothing else can be reached.
namespace pgaf {

struct StepTransition {
    StepState from;
    StepState to;
    std::string_view by;
};

struct RunTransition {
    RunState from;
    RunState to;
    std::string_view by;
};

[[nodiscard]] std::span<const StepTransition> step_transitions();
[[nodiscard]] std::span<const RunTransition> run_transitions();

}  // namespace pgaf
