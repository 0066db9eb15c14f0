#pragma once

#include <cstddef>
#include <vector>

#include "core/steps.hpp"

// The order in which a run's steps come due.
namespace pgaf {

struct PlannedStep {
    std::size_t node = 0;  // its place in the given nodes
    const StepDefinition *step = nullptr;
    // From 1; what has the same number can be done at the same time.
    int stage = 0;
};

// Every step of the nodes, by stage; within a stage in the order of the nodes. A step's stage is the
// first after those of all that it requires, the operator's approval included. Linear in the number of
// steps, however many groups there are.
[[nodiscard]] std::vector<PlannedStep> order_of_steps(const std::vector<NodePlan> &nodes);

// What a step waits for, in words: its requirements, the approval where it is the first behind it, and the release of a
// node that is kept.
[[nodiscard]] std::string waits_for(const NodePlan &node, const StepDefinition &step);

// Whether the applications are refused while the step is performed: from the primary's stop to its start.
[[nodiscard]] bool refuses_writes(const StepDefinition &step);

}  // namespace pgaf
