#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/steps.hpp"

namespace pgaf {

struct AssignedNode {
    std::int64_t id = 0;  // 0 is the monitor
    std::string name;
    Role role = Role::Secondary;
    std::string formation;
    int group = 0;
    bool is_kept = false;
};

struct AssignedStep {
    std::string name;
    StepState state = StepState::Pending;
};

// What pgaf_upgrade_attach() answers: the run, this node and its group, as the helper of this node needs them.
struct Assignment {
    std::int64_t run = 0;
    std::string started_at;  // tells it from a run of another monitor with that number
    RunState state = RunState::Preparing;
    std::optional<int> source_version;  // none until the monitor knows it
    int target_version = 0;
    std::string method;  // of the data nodes' pg_upgrade
    std::string standby_method;
    bool discards_new_data = false;
    std::string on_failure;        // of the switch: give_back or stay
    int attempt = 1;               // one more each time the old cluster was given back
    int number_sync_standbys = 0;  // of the formation, when the run was started
    // Of the seed's manifest, as the group's primary has reported it, in hexadecimal digits: empty where it has none,
    // nothing before its new server serves.
    std::optional<std::string> seed_sha256;
    AssignedNode node;
    std::vector<AssignedNode> group;  // this node too; of the monitor it alone
    std::vector<AssignedStep> steps;  // this node's, in order

    // Of this node's step, as the monitor has it. Throws HelperError(Internal) where the node has no such step.
    [[nodiscard]] StepState state_of(std::string_view step) const;
    // Throws HelperError(Internal) where the group has none.
    [[nodiscard]] const AssignedNode &group_primary() const;
};

// Throws HelperError(Internal), which says what is missing or not as it should be. `whose` is what it is called there.
[[nodiscard]] Assignment parse_assignment(std::string_view text, const std::string &whose);

}  // namespace pgaf
