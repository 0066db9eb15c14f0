#include "core/plan.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace pgaf {

namespace {

// A node's steps with the stages found so far; 0 is not found yet.
struct Staged {
    const NodePlan *node;
    std::vector<const StepDefinition *> steps;
    std::vector<int> stages;
};

class Stages {
  public:
    explicit Stages(const std::vector<NodePlan> &nodes) {
        const std::map<Role, std::vector<const StepDefinition *>> steps{
            {Role::Monitor, steps_of(Role::Monitor)},
            {Role::Primary, steps_of(Role::Primary)},
            {Role::Secondary, steps_of(Role::Secondary)},
        };
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            const auto &own = steps.at(nodes[i].role);
            staged_.push_back({&nodes[i], own, std::vector<int>(own.size(), 0)});
            by_group_[{nodes[i].formation, nodes[i].group}].push_back(i);
            by_role_[nodes[i].role].push_back(i);
        }
        for (std::size_t i = 0; i < staged_.size(); ++i) {
            for (std::size_t step = 0; step < staged_[i].steps.size(); ++step) {
                (void) stage(i, step);
            }
        }
    }

    [[nodiscard]] const std::vector<Staged> &all() const { return staged_; }

  private:
    // The table of steps has no circle: a unit test goes through it.
    int stage(std::size_t node, std::size_t step) {
        auto &own = staged_[node];
        if (own.stages[step] != 0) {
            return own.stages[step];
        }
        int after = step > 0 ? stage(node, step - 1) : 0;
        const auto &definition = *own.steps[step];
        if (definition.phase != Phase::Prepare) {
            after = std::max(after, end_of_preparation());
        }
        for (const auto &requirement : definition.requirements) {
            after = std::max(after, stage_of(requirement, node));
        }
        return own.stages[step] = after + 1;
    }

    int stage_of(const Requirement &requirement, std::size_t node) {
        switch (requirement.scope) {
            case Scope::Nobody:
                return 0;
            case Scope::Monitor:
                return latest_of_role(Role::Monitor, requirement);
            case Scope::AllPrimaries:
                return latest_of_role(Role::Primary, requirement);
            case Scope::AllSecondaries:
                return latest_of_role(Role::Secondary, requirement);
            case Scope::GroupPrimary:
            case Scope::GroupSecondaries:
            case Scope::EarlierSecondaries:
                break;
        }
        const auto &self = *staged_[node].node;
        int latest = 0;
        for (const auto other : by_group_[{self.formation, self.group}]) {
            const auto &that = *staged_[other].node;
            const bool in_scope = requirement.scope == Scope::GroupPrimary
                                      ? that.role == Role::Primary
                                      : that.role == Role::Secondary &&
                                            (requirement.scope == Scope::GroupSecondaries || that.rank < self.rank);
            if (in_scope) {
                latest = std::max(latest, stage_of_named(other, requirement.step));
            }
        }
        return latest;
    }

    int latest_of_role(Role role, const Requirement &requirement) {
        const std::tuple key(role, requirement.step, requirement.need);
        const auto known = latest_.find(key);
        if (known != latest_.end()) {
            return known->second;
        }
        int latest = 0;
        for (const auto node : by_role_[role]) {
            if (!is_spared(*staged_[node].node, requirement)) {
                latest = std::max(latest, stage_of_named(node, requirement.step));
            }
        }
        return latest_[key] = latest;
    }

    int stage_of_named(std::size_t node, std::string_view step) {
        const auto &steps = staged_[node].steps;
        const auto found = std::ranges::find(steps, step, &StepDefinition::name);
        return found == steps.end() ? 0 : stage(node, static_cast<std::size_t>(found - steps.begin()));
    }

    int end_of_preparation() {
        if (end_of_preparation_ == 0) {
            for (const auto &[role, nodes] : by_role_) {
                for (const auto *step : steps_of(role)) {
                    if (step->phase == Phase::Prepare) {
                        end_of_preparation_ = std::max(end_of_preparation_, latest_of_role(role, {.step = step->name}));
                    }
                }
            }
        }
        return end_of_preparation_;
    }

    std::vector<Staged> staged_;
    std::map<std::pair<std::string_view, int>, std::vector<std::size_t>> by_group_;
    std::map<Role, std::vector<std::size_t>> by_role_;
    std::map<std::tuple<Role, std::string_view, Need>, int> latest_;
    int end_of_preparation_ = 0;
};

}  // namespace

std::vector<PlannedStep> order_of_steps(const std::vector<NodePlan> &nodes) {
    const Stages stages(nodes);
    std::vector<PlannedStep> plan;
    for (std::size_t node = 0; node < stages.all().size(); ++node) {
        const auto &staged = stages.all()[node];
        for (std::size_t step = 0; step < staged.steps.size(); ++step) {
            plan.push_back({node, staged.steps[step], staged.stages[step]});
        }
    }
    // not stable_sort, which goes on by another way where there is no memory
    std::ranges::sort(plan, {}, [](const PlannedStep &step) { return std::pair(step.stage, step.node); });
    return plan;
}

std::string waits_for(const NodePlan &node, const StepDefinition &step) {
    std::string text;
    const auto append = [&text](const std::string &part) { text += (text.empty() ? "" : "; ") + part; };
    const auto steps = steps_of(node.role);
    const auto is_first = [&](const auto &is_so) {
        const auto first = std::ranges::find_if(steps, is_so);
        return first != steps.end() && *first == &step;
    };
    if (is_first([](const auto *other) { return other->phase != Phase::Prepare; })) {
        append("the operator's approval");
    }
    if (node.is_kept && is_first([](const auto *other) { return other->phase == Phase::Restore; })) {
        append("its release: " + std::string(kRelease));
    }
    for (const auto &requirement : step.requirements) {
        if (requirement.scope != Scope::Nobody) {
            append(describe(requirement));
        }
    }
    return text;
}

bool refuses_writes(const StepDefinition &step) {
    if (step.role != Role::Primary) {
        return false;
    }
    const auto steps = steps_of(Role::Primary);
    const auto place = [&steps](std::string_view name) {
        return std::ranges::find(steps, name, &StepDefinition::name);
    };
    const auto own = std::ranges::find(steps, &step);
    return own >= place(steps::kStop) && own <= place(steps::kStart);
}

}  // namespace pgaf
