#include "core/steps.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/names.hpp"

namespace pgaf {

namespace {

constexpr Names<Role, 3> kRoles{{
    {Role::Monitor, "monitor"},
    {Role::Primary, "primary"},
    {Role::Secondary, "secondary"},
}};

constexpr Names<Phase, 4> kPhases{{
    {Phase::Prepare, "prepare"},
    {Phase::Switch, "switch"},
    {Phase::Restore, "restore"},
    {Phase::Finish, "finish"},
}};

constexpr Names<StepState, 4> kStepStates{{
    {StepState::Pending, "pending"},
    {StepState::Running, "running"},
    {StepState::Done, "done"},
    {StepState::Failed, "failed"},
}};

constexpr Names<RunState, 8> kRunStates{{
    {RunState::Preparing, "preparing"},
    {RunState::Ready, "ready"},
    {RunState::Approved, "approved"},
    {RunState::Switching, "switching"},
    {RunState::Restoring, "restoring"},
    {RunState::Finished, "finished"},
    {RunState::RollingBack, "rolling_back"},
    {RunState::Aborted, "aborted"},
}};

constexpr Names<WaitReason, 9> kWaitReasons{{
    {WaitReason::Nothing, "nothing"},
    {WaitReason::Preparation, "preparation"},
    {WaitReason::Approval, "approval"},
    {WaitReason::Time, "time"},
    {WaitReason::Release, "release"},
    {WaitReason::FailedHere, "failed_here"},
    {WaitReason::FailedElsewhere, "failed_elsewhere"},
    {WaitReason::OtherStep, "other_step"},
    {WaitReason::RollbackOf, "rollback_of"},
}};

constexpr Names<Worth, 2> kWorths{{
    {Worth::Required, "required"},
    {Worth::BestEffort, "best effort"},
}};

constexpr std::array<Requirement, 2> kNone{};

constexpr std::array<StepDefinition, 43> kDefinitions{{
    // The monitor. It is changed only after every group serves at the new version under its new
    // identifier, so that a fault in the data is found first; and only after every secondary has
    // begun its rebuild, which needs no monitor and would otherwise wait for it.
    {Role::Monitor, steps::kDiscover, Phase::Prepare, "", "find the installation"},
    {Role::Monitor, steps::kCheck, Phase::Prepare, "", "check that it can be upgraded"},
    {Role::Monitor, steps::kInitdb, Phase::Prepare, "7", "create the new cluster"},
    {Role::Monitor, steps::kConfigure, Phase::Prepare, "8", "carry the configuration over"},
    {Role::Monitor, steps::kDryRun, Phase::Prepare, "7", "pg_upgrade --check"},
    {Role::Monitor, steps::kRehearse, Phase::Prepare, "", "pg_upgrade on a copy of the catalogs"},
    {Role::Monitor,
     steps::kStop,
     Phase::Restore,
     "3",
     "stop the monitor",
     {{{Scope::AllPrimaries, steps::kIdentity}, {Scope::AllSecondaries, steps::kRebuild, Need::Begun}}}},
    {Role::Monitor, steps::kPgUpgrade, Phase::Restore, "7", "pg_upgrade --copy", kNone, false, true},
    {Role::Monitor, steps::kCarry, Phase::Restore, "8", "carry the configuration over", kNone, false, true},
    {Role::Monitor, steps::kSwap, Phase::Restore, "7", "swap the directories", kNone, false, true},
    {Role::Monitor, steps::kReconfigure, Phase::Restore, "8", "point pg_autoctl and unit at the new", kNone, false,
     true},
    {Role::Monitor, steps::kStart, Phase::Restore, "9", "start the monitor", kNone, false, true},
    {Role::Monitor, steps::kStatistics, Phase::Restore, "", "gather statistics", kNone, true, false, Worth::BestEffort},
    {Role::Monitor, steps::kUpdateExtensions, Phase::Restore, "", "update extensions", kNone, true, false,
     Worth::BestEffort},
    {Role::Monitor,
     steps::kVerify,
     Phase::Finish,
     "13",
     "verify the final state",
     {{{Scope::AllPrimaries, steps::kVerify}, {Scope::AllSecondaries, steps::kVerify}}}},

    // The primary. Writes are refused from `stop` to `start`: nothing in between waits for
    // another node, and nothing that can be done before or after stands between them.
    {Role::Primary, steps::kDiscover, Phase::Prepare, "", "find the installation"},
    {Role::Primary, steps::kCheck, Phase::Prepare, "", "check that it can be upgraded"},
    {Role::Primary, steps::kInitdb, Phase::Prepare, "4", "create the new cluster"},
    {Role::Primary, steps::kConfigure, Phase::Prepare, "5", "carry the configuration over"},
    {Role::Primary, steps::kDryRun, Phase::Prepare, "4", "pg_upgrade --check"},
    {Role::Primary, steps::kRehearse, Phase::Prepare, "", "pg_upgrade on a copy of the catalogs"},
    {Role::Primary, steps::kRelaxSync, Phase::Switch, "", "allow writes without standbys"},
    {Role::Primary,
     steps::kCheckpoint,
     Phase::Switch,
     "",
     "checkpoint",
     {{{Scope::GroupSecondaries, steps::kEnterMaintenance}}}},
    {Role::Primary, steps::kStop, Phase::Switch, "2", "stop: writes refused from here"},
    {Role::Primary, steps::kPgUpgrade, Phase::Switch, "4", "run pg_upgrade"},
    {Role::Primary, steps::kCarry, Phase::Switch, "5", "carry the configuration over"},
    {Role::Primary, steps::kSwap, Phase::Switch, "6", "swap the directories"},
    {Role::Primary, steps::kStart, Phase::Switch, "6", "start: writes accepted again"},
    {Role::Primary, steps::kIdentity, Phase::Restore, "10b", "new identifier on the monitor"},
    {Role::Primary, steps::kReconfigure, Phase::Restore, "10c", "point pg_autoctl and unit at the new"},
    // Every plan is made without statistics until these are there; they are gathered while the monitor is waited for.
    {Role::Primary, steps::kStatistics, Phase::Restore, "6", "gather statistics", kNone, true, false,
     Worth::BestEffort},
    {Role::Primary, steps::kRejoin, Phase::Restore, "11", "start pg_autoctl", {{{Scope::Monitor, steps::kStart}}}},
    {Role::Primary, steps::kUpdateExtensions, Phase::Restore, "6", "update extensions", kNone, true, false,
     Worth::BestEffort},
    {Role::Primary,
     steps::kRestoreSettings,
     Phase::Restore,
     "",
     "put settings back",
     {{{Scope::AllSecondaries, steps::kRejoin}}}},
    {Role::Primary, steps::kVerify, Phase::Finish, "13", "verify the final state"},

    // A secondary. It streams in maintenance until the primary has stopped, proves that it has
    // the primary's last checkpoint, and is rebuilt while the monitor is upgraded.
    {Role::Secondary, steps::kDiscover, Phase::Prepare, "", "find the installation"},
    {Role::Secondary, steps::kCheck, Phase::Prepare, "", "check that it can be upgraded"},
    {Role::Secondary,
     steps::kEnterMaintenance,
     Phase::Switch,
     "1",
     "enter maintenance",
     {{{Scope::GroupPrimary, steps::kRelaxSync}, {Scope::EarlierSecondaries, steps::kEnterMaintenance}}}},
    {Role::Secondary,
     steps::kStop,
     Phase::Switch,
     "2",
     "stop with the last checkpoint",
     {{{Scope::GroupPrimary, steps::kStop}}}},
    {Role::Secondary,
     steps::kRebuild,
     Phase::Restore,
     "12",
     "rebuild from the primary",
     {{{Scope::GroupPrimary, steps::kStart}}}},
    {Role::Secondary, steps::kReconfigure, Phase::Restore, "12", "point pg_autoctl and unit at the new"},
    {Role::Secondary,
     steps::kRejoin,
     Phase::Restore,
     "12",
     "leave maintenance",
     {{{Scope::Monitor, steps::kStart}, {Scope::GroupPrimary, steps::kRejoin}}}},
    {Role::Secondary,
     steps::kVerify,
     Phase::Finish,
     "13",
     "verify the final state",
     {{{Scope::GroupPrimary, steps::kRestoreSettings}}}},
}};

bool is_met(StepState state, Need need) {
    return state == StepState::Done || (need == Need::Begun && state == StepState::Running);
}

// Whether the later steps of its node need not wait for it.
bool lets_others_begin(const StepDefinition &step, StepState state) {
    return is_met(state, step.background ? Need::Begun : Need::Done) ||
           (step.worth == Worth::BestEffort && state == StepState::Failed);
}

std::optional<StepState> state_of(const NodePlan &node, std::string_view step) {
    const auto steps = steps_of(node.role);
    for (std::size_t i = 0; i < steps.size() && i < node.states.size(); ++i) {
        if (steps[i]->name == step) {
            return node.states[i];
        }
    }
    return std::nullopt;
}

bool is_in_scope(const NodePlan &other, const NodePlan &node, Scope scope) {
    const bool same_group = other.formation == node.formation && other.group == node.group;
    switch (scope) {
        case Scope::Nobody:
            return false;
        case Scope::GroupPrimary:
            return same_group && other.role == Role::Primary;
        case Scope::GroupSecondaries:
            return same_group && other.role == Role::Secondary;
        case Scope::EarlierSecondaries:
            return same_group && other.role == Role::Secondary && other.rank < node.rank;
        case Scope::Monitor:
            return other.role == Role::Monitor;
        case Scope::AllPrimaries:
            return other.role == Role::Primary;
        case Scope::AllSecondaries:
            return other.role == Role::Secondary;
    }
    return false;
}

Wait wait_for_own(const StepDefinition &step, StepState state) {
    return {state == StepState::Failed ? WaitReason::FailedHere : WaitReason::OtherStep,
            std::string(step.name) + " on this node"};
}

Wait wait_for_other(const NodePlan &other, const Requirement &requirement, StepState state) {
    const auto what = std::string(requirement.step) + " on " + other.name;
    const auto *step = find_step(other.role, requirement.step);
    if (other.is_kept && step != nullptr && step->phase != Phase::Prepare && step->phase != Phase::Switch) {
        return {WaitReason::Release, what + ", which is kept: " + std::string(kRelease)};
    }
    return {state == StepState::Failed ? WaitReason::FailedElsewhere : WaitReason::OtherStep, what};
}

// The gate is closed.
Wait wait_for_gate(RunState state) {
    switch (state) {
        case RunState::Preparing:
            return {WaitReason::Preparation, "every node to prepare"};
        case RunState::Approved:
            return {WaitReason::Time, "the approved time"};
        default:
            return {WaitReason::Approval, "the operator's approval"};
    }
}

bool all_done(const NodePlan &node, Phase phase) {
    const auto steps = steps_of(node.role);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps[i]->phase == phase && node.states.at(i) != StepState::Done) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::span<const StepDefinition> step_definitions() {
    return kDefinitions;
}

std::vector<const StepDefinition *> steps_of(Role role) {
    std::vector<const StepDefinition *> steps;
    for (const auto &definition : step_definitions()) {
        if (definition.role == role) {
            steps.push_back(&definition);
        }
    }
    return steps;
}

const StepDefinition *find_step(Role role, std::string_view name) {
    for (const auto &definition : step_definitions()) {
        if (definition.role == role && definition.name == name) {
            return &definition;
        }
    }
    return nullptr;
}

bool is_best_effort(Role role, std::string_view step) {
    const auto *definition = find_step(role, step);
    return definition != nullptr && definition->worth == Worth::BestEffort;
}

std::optional<Wait> unmet_requirement(const RunPlan &run, const NodePlan &node, const StepDefinition &step) {
    if (run.state == RunState::RollingBack) {
        return Wait{WaitReason::RollbackOf, "the rollback of the run"};
    }
    const auto steps = steps_of(node.role);
    for (std::size_t i = 0; i < steps.size() && steps[i]->name != step.name; ++i) {
        if (!lets_others_begin(*steps[i], node.states.at(i))) {
            return wait_for_own(*steps[i], node.states.at(i));
        }
    }
    if (step.phase != Phase::Prepare && !run.gate_open) {
        return wait_for_gate(run.state);
    }
    if (node.is_kept && step.phase == Phase::Restore) {
        return Wait{WaitReason::Release, "this node's release: " + std::string(kRelease)};
    }
    for (const auto &requirement : step.requirements) {
        for (const auto &other : run.nodes) {
            if (!is_in_scope(other, node, requirement.scope) || is_spared(other, requirement)) {
                continue;
            }
            const auto state = state_of(other, requirement.step);
            if (state && !is_met(*state, requirement.need)) {
                return wait_for_other(other, requirement, *state);
            }
        }
    }
    // A background step may still run when its node comes to the end, but the end waits for it.
    if (step.phase == Phase::Finish) {
        for (std::size_t i = 0; i < steps.size() && steps[i]->name != step.name; ++i) {
            if (node.states.at(i) != StepState::Done) {
                return wait_for_own(*steps[i], node.states.at(i));
            }
        }
    }
    return std::nullopt;
}

bool is_spared(const NodePlan &other, const Requirement &requirement) {
    return other.is_kept && requirement.need == Need::Begun;
}

NextStep next_step(const RunPlan &run, const NodePlan &node) {
    if (has_ended(run.state)) {
        return {};
    }
    const auto steps = steps_of(node.role);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const auto state = node.states.at(i);
        if (state == StepState::Done || (state != StepState::Pending && lets_others_begin(*steps[i], state))) {
            continue;
        }
        auto unmet = state == StepState::Pending ? unmet_requirement(run, node, *steps[i])
                                                 : std::optional(wait_for_own(*steps[i], state));
        if (unmet) {
            unmet->what += unmet->reason == WaitReason::FailedHere ? ", which failed" : "";
            return {nullptr, std::move(*unmet)};
        }
        return {steps[i], {}};
    }
    return {};
}

bool is_before_switch(RunState state) {
    return state == RunState::Preparing || state == RunState::Ready || state == RunState::Approved;
}

bool gate_is_open(RunState state, bool time_has_come) {
    switch (state) {
        case RunState::Preparing:
        case RunState::Ready:
        case RunState::RollingBack:
        case RunState::Aborted:
            return false;
        case RunState::Approved:
            return time_has_come;
        case RunState::Switching:
        case RunState::Restoring:
        case RunState::Finished:
            return true;
    }
    return false;
}

bool has_ended(RunState state) {
    return state == RunState::Finished || state == RunState::Aborted;
}

RunState reached_state(const RunPlan &run) {
    const auto every_node_has_done = [&run](Phase phase) {
        return std::ranges::all_of(run.nodes, [phase](const NodePlan &node) { return all_done(node, phase); });
    };
    const auto any_has_begun_after_gate = [&run] {
        return std::ranges::any_of(run.nodes, [](const NodePlan &node) {
            const auto steps = steps_of(node.role);
            for (std::size_t i = 0; i < steps.size(); ++i) {
                if (steps[i]->phase != Phase::Prepare && node.states.at(i) != StepState::Pending) {
                    return true;
                }
            }
            return false;
        });
    };
    switch (run.state) {
        case RunState::Preparing:
            return every_node_has_done(Phase::Prepare) ? RunState::Ready : RunState::Preparing;
        case RunState::Approved:
            return any_has_begun_after_gate() ? RunState::Switching : RunState::Approved;
        case RunState::Switching:
            return every_node_has_done(Phase::Switch) ? RunState::Restoring : RunState::Switching;
        case RunState::Restoring:
            return every_node_has_done(Phase::Restore) && every_node_has_done(Phase::Finish) ? RunState::Finished
                                                                                             : RunState::Restoring;
        case RunState::Ready:
        case RunState::Finished:
        case RunState::RollingBack:
        case RunState::Aborted:
            return run.state;
    }
    return run.state;
}

std::string describe(const Requirement &requirement) {
    if (requirement.scope == Scope::Nobody) {
        return {};
    }
    const auto whose = [&]() -> std::string_view {
        switch (requirement.scope) {
            case Scope::GroupPrimary:
                return "the primary of the group";
            case Scope::GroupSecondaries:
                return "every secondary of the group";
            case Scope::EarlierSecondaries:
                return "every earlier secondary of the group";
            case Scope::Monitor:
                return "the monitor";
            case Scope::AllPrimaries:
                return "the primary of every group";
            case Scope::AllSecondaries:
                return "every secondary of every group";
            case Scope::Nobody:
                break;
        }
        return {};
    };
    return std::string(requirement.step) + (requirement.need == Need::Begun ? " begun on " : " done on ") +
           std::string(whose());
}

std::string_view to_string(Role role) {
    return name_of(kRoles, role);
}
std::string_view to_string(Phase phase) {
    return name_of(kPhases, phase);
}
std::string_view to_string(StepState state) {
    return name_of(kStepStates, state);
}
std::string_view to_string(RunState state) {
    return name_of(kRunStates, state);
}
std::string_view to_string(WaitReason reason) {
    return name_of(kWaitReasons, reason);
}
std::string_view to_string(Worth worth) {
    return name_of(kWorths, worth);
}
std::optional<Role> parse_role(std::string_view text) {
    return value_of(kRoles, text);
}
std::optional<StepState> parse_step_state(std::string_view text) {
    return value_of(kStepStates, text);
}
std::optional<RunState> parse_run_state(std::string_view text) {
    return value_of(kRunStates, text);
}
std::optional<WaitReason> parse_wait_reason(std::string_view text) {
    return value_of(kWaitReasons, text);
}

}  // namespace pgaf
