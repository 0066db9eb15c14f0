#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/step_names.hpp"

// The steps of an upgrade, their order and their states: the one place where they are written down.
// The extension plans and hands out steps from this table, the helper performs them by name, and a
// regression test prints it, so that every change of the order is a line of a diff.
namespace pgaf {

enum class Role : std::uint8_t { Monitor, Primary, Secondary };
enum class Phase : std::uint8_t { Prepare, Switch, Restore, Finish };
enum class StepState : std::uint8_t { Pending, Running, Done, Failed };
enum class RunState : std::uint8_t { Preparing, Ready, Approved, Switching, Restoring, Finished, RollingBack, Aborted };

// Whose step a requirement speaks of, seen from the node that waits.
enum class Scope : std::uint8_t {
    Nobody,              // no requirement
    GroupPrimary,        // the primary of the same group
    GroupSecondaries,    // every secondary of the same group
    EarlierSecondaries,  // the secondaries of the same group that come before this one
    Monitor,             // the monitor, when the run includes it
    AllPrimaries,        // the primaries of every group of the run
    AllSecondaries,      // the secondaries of every group of the run
};

// Begun is met by a step that is running or done.
enum class Need : std::uint8_t { Begun, Done };

// What safe data or HA need is required. What is best effort holds up no other step: it is done as far as it goes, and
// what failed of it is a warning in its result. Only the end of its node waits for it.
enum class Worth : std::uint8_t { Required, BestEffort };

struct Requirement {
    Scope scope = Scope::Nobody;
    std::string_view step = {};
    Need need = Need::Done;
};

struct StepDefinition {
    Role role;
    std::string_view name;
    Phase phase;
    std::string_view guide;  // the step of article 440339 that this replaces, empty where it has none
    std::string_view title;  // what people read: at most 40 characters
    std::array<Requirement, 2> requirements = {};
    bool background = false;  // runs beside the later steps of its node
    bool offline = false;     // the monitor's own Postgres is down: known from the journal until it is back
    Worth worth = Worth::Required;
};

// Every definition, by role and within a role in the order in which a node takes them. A step
// requires, besides what it names, that each earlier step of its node is done, or begun where that
// one is a background step, or has failed where that one is best effort; the steps of phases after Prepare require the
// operator's approval.
[[nodiscard]] std::span<const StepDefinition> step_definitions();

[[nodiscard]] std::vector<const StepDefinition *> steps_of(Role role);
[[nodiscard]] const StepDefinition *find_step(Role role, std::string_view name);
[[nodiscard]] bool is_best_effort(Role role, std::string_view step);

// A node of a run with the states of its steps, in the order of steps_of(role).
struct NodePlan {
    std::int64_t nodeid = 0;  // 0 is the monitor
    std::string name;
    std::string formation;
    int group = 0;
    Role role = Role::Secondary;
    int rank = 0;          // the order in which the secondaries of a group enter maintenance, from 0
    bool is_kept = false;  // a secondary: left at the old version, as a way back, until the operator releases it
    std::vector<StepState> states;
};

// What lets a node that is kept be rebuilt.
inline constexpr std::string_view kRelease = "SELECT pgaf_upgrade_release()";

struct RunPlan {
    RunState state = RunState::Preparing;
    bool gate_open = false;  // approved, and the approved time has come
    std::vector<NodePlan> nodes;
};

// Why no step of a node is due. A helper goes by it; the words beside it are for people.
enum class WaitReason : std::uint8_t {
    Nothing,          // the node has done its part, or the run has ended
    Preparation,      // of another node
    Approval,         // the operator's
    Time,             // that the operator has approved
    Release,          // of a node that is kept, by the operator
    FailedHere,       // a step of this node
    FailedElsewhere,  // a step of another node
    OtherStep,        // one that is not done yet, here or on another node
    RollbackOf,       // another node, or the run's
};

struct Wait {
    WaitReason reason = WaitReason::Nothing;
    std::string what;  // in words for people: "stop on node_1"; empty with Nothing
};

struct NextStep {
    const StepDefinition *step = nullptr;  // null: nothing is due
    Wait wait;                             // why
};

// The step that the node should begin now.
[[nodiscard]] NextStep next_step(const RunPlan &run, const NodePlan &node);

// Whether every requirement of the node's step is met: what begin_step asks again before it moves.
[[nodiscard]] std::optional<Wait> unmet_requirement(const RunPlan &run, const NodePlan &node,
                                                    const StepDefinition &step);

// Who only asks that a rebuild has begun, so that its node need not wait for the monitor, asks it of no node that is
// kept: that one waits for the operator anyway.
[[nodiscard]] bool is_spared(const NodePlan &other, const Requirement &requirement);

// By the tables in transitions.hpp.
[[nodiscard]] bool is_legal(StepState from, StepState to);
[[nodiscard]] bool is_legal(RunState from, RunState to);
[[nodiscard]] bool has_ended(RunState state);
[[nodiscard]] bool is_before_switch(RunState state);  // the operator can still abort
[[nodiscard]] bool gate_is_open(RunState state, bool time_has_come);

// The state that the run has reached by the states of its steps; never an earlier one than it has.
[[nodiscard]] RunState reached_state(const RunPlan &run);

// The requirement in words: "stop done on the primary of the group".
[[nodiscard]] std::string describe(const Requirement &requirement);

[[nodiscard]] std::string_view to_string(Role role);
[[nodiscard]] std::string_view to_string(Phase phase);
[[nodiscard]] std::string_view to_string(StepState state);
[[nodiscard]] std::string_view to_string(RunState state);
[[nodiscard]] std::string_view to_string(WaitReason reason);
[[nodiscard]] std::string_view to_string(Worth worth);
[[nodiscard]] std::optional<Role> parse_role(std::string_view text);
[[nodiscard]] std::optional<StepState> parse_step_state(std::string_view text);
[[nodiscard]] std::optional<RunState> parse_run_state(std::string_view text);
[[nodiscard]] std::optional<WaitReason> parse_wait_reason(std::string_view text);

}  // namespace pgaf
