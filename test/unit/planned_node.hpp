#pragma once

#include <cstdint>
#include <string>

#include "core/steps.hpp"

namespace pgaf {

// None of its steps is begun.
inline NodePlan planned_node(Role role, std::int64_t nodeid, int group = 0, int rank = 0) {
    NodePlan node;
    node.nodeid = nodeid;
    node.name = role == Role::Monitor ? "monitor" : "node_" + std::to_string(nodeid);
    node.formation = role == Role::Monitor ? "" : "default";
    node.group = group;
    node.role = role;
    node.rank = rank;
    node.states.assign(steps_of(role).size(), StepState::Pending);
    return node;
}

}  // namespace pgaf
