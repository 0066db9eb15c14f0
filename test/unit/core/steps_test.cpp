#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "core/steps.hpp"
#include "planned_node.hpp"

namespace pgaf {
namespace {

constexpr std::array<Role, 3> kRoles{Role::Monitor, Role::Primary, Role::Secondary};

// The monitor when asked for, then for each group a primary and its secondaries.
RunPlan make_run(bool with_monitor, const std::vector<int> &secondaries_of_groups) {
    RunPlan run;
    if (with_monitor) {
        run.nodes.push_back(planned_node(Role::Monitor, 0));
    }
    std::int64_t nodeid = 0;
    for (int group = 0; group < static_cast<int>(secondaries_of_groups.size()); ++group) {
        run.nodes.push_back(planned_node(Role::Primary, ++nodeid, group));
        for (int rank = 0; rank < secondaries_of_groups[static_cast<std::size_t>(group)]; ++rank) {
            run.nodes.push_back(planned_node(Role::Secondary, ++nodeid, group, rank));
        }
    }
    return run;
}

std::size_t index_of(Role role, std::string_view name) {
    const auto steps = steps_of(role);
    const auto found = std::ranges::find(steps, name, &StepDefinition::name);
    EXPECT_NE(found, steps.end()) << to_string(role) << " has no " << name;
    return static_cast<std::size_t>(found - steps.begin());
}

StepState &state_of(NodePlan &node, std::string_view name) {
    return node.states.at(index_of(node.role, name));
}

void set_before(NodePlan &node, std::string_view name) {
    std::fill_n(node.states.begin(), index_of(node.role, name), StepState::Done);
}

void finish_phase(RunPlan &run, Phase phase) {
    for (auto &node : run.nodes) {
        const auto steps = steps_of(node.role);
        for (std::size_t i = 0; i < steps.size(); ++i) {
            if (steps[i]->phase == phase) {
                node.states[i] = StepState::Done;
            }
        }
    }
}

// --- a standby that is kept --------------------------------------------------------------------

TEST(KeptStandby, WaitsForTheOperatorAndHoldsUpTheEndOnly) {
    auto run = make_run(true, {2});
    auto &monitor = run.nodes[0];
    auto &primary = run.nodes[1];
    auto &other = run.nodes[2];
    auto &kept = run.nodes[3];
    kept.is_kept = true;
    finish_phase(run, Phase::Prepare);
    run.state = RunState::Switching;
    run.gate_open = true;
    EXPECT_EQ(next_step(run, primary).step->name, "relax_sync");
    set_before(primary, "stop");
    set_before(kept, "enter_maintenance");
    EXPECT_EQ(unmet_requirement(run, primary, *find_step(Role::Primary, "checkpoint"))->what,
              "enter_maintenance on node_2");
    finish_phase(run, Phase::Switch);
    EXPECT_EQ(next_step(run, kept).wait.what, "this node's release: SELECT pgaf_upgrade_release()");
    EXPECT_EQ(next_step(run, kept).wait.reason, WaitReason::Release);
    run.state = RunState::Restoring;
    state_of(primary, "identity") = StepState::Done;
    EXPECT_EQ(next_step(run, monitor).wait.what, "rebuild on node_2");
    state_of(other, "rebuild") = StepState::Running;
    EXPECT_EQ(next_step(run, monitor).step->name, "stop");
    for (auto *node : {&monitor, &primary, &other}) {
        set_before(*node, node->role == Role::Primary ? "restore_settings" : "verify");
    }
    EXPECT_EQ(next_step(run, primary).wait.what, "rejoin on node_3, which is kept: SELECT pgaf_upgrade_release()");
    EXPECT_EQ(next_step(run, primary).wait.reason, WaitReason::Release);
    EXPECT_EQ(reached_state(run), RunState::Restoring);
    kept.is_kept = false;
    EXPECT_EQ(next_step(run, kept).step->name, "rebuild");
    EXPECT_EQ(next_step(run, primary).wait.what, "rejoin on node_3");
    EXPECT_EQ(next_step(run, primary).wait.reason, WaitReason::OtherStep);
    state_of(kept, "rejoin") = StepState::Failed;
    EXPECT_EQ(next_step(run, primary).wait.what, "rejoin on node_3");
    EXPECT_EQ(next_step(run, primary).wait.reason, WaitReason::FailedElsewhere);
}

// --- the table --------------------------------------------------------------------------------

TEST(Gate, IsOpenFromTheApprovedTimeUntilTheRunEnds) {
    for (const auto state : {RunState::Preparing, RunState::Ready, RunState::RollingBack, RunState::Aborted}) {
        EXPECT_FALSE(gate_is_open(state, true)) << to_string(state);
    }
    EXPECT_FALSE(gate_is_open(RunState::Approved, false));
    EXPECT_TRUE(gate_is_open(RunState::Approved, true));
    for (const auto state : {RunState::Switching, RunState::Restoring, RunState::Finished}) {
        EXPECT_TRUE(gate_is_open(state, false)) << to_string(state);
    }
}

TEST(Table, NamesEachStepOfARoleOnce) {
    for (const auto role : kRoles) {
        std::set<std::string_view> names;
        for (const auto *step : steps_of(role)) {
            EXPECT_TRUE(names.insert(step->name).second) << to_string(role) << ' ' << step->name;
            EXPECT_EQ(find_step(role, step->name), step);
        }
        EXPECT_EQ(find_step(role, "no such step"), nullptr);
    }
}

TEST(Table, KeepsThePhasesInOrderWithinARole) {
    for (const auto role : kRoles) {
        const auto steps = steps_of(role);
        EXPECT_TRUE(std::ranges::is_sorted(steps, {}, &StepDefinition::phase)) << to_string(role);
        EXPECT_EQ(steps.front()->phase, Phase::Prepare);
        EXPECT_EQ(steps.back()->phase, Phase::Finish);
    }
}

TEST(Table, HasTitlesThatFitAScreen) {
    for (const auto &step : step_definitions()) {
        EXPECT_FALSE(step.title.empty()) << step.name;
        EXPECT_LE(step.title.size(), 40U) << step.name;
    }
}

TEST(Table, RequiresOnlyStepsThatExist) {
    const std::map<Scope, Role> role_of{
        {Scope::GroupPrimary, Role::Primary},         {Scope::GroupSecondaries, Role::Secondary},
        {Scope::EarlierSecondaries, Role::Secondary}, {Scope::Monitor, Role::Monitor},
        {Scope::AllPrimaries, Role::Primary},         {Scope::AllSecondaries, Role::Secondary},
    };
    for (const auto &step : step_definitions()) {
        for (const auto &requirement : step.requirements) {
            if (requirement.scope == Scope::Nobody) {
                EXPECT_TRUE(requirement.step.empty());
                EXPECT_TRUE(describe(requirement).empty());
                continue;
            }
            EXPECT_NE(find_step(role_of.at(requirement.scope), requirement.step), nullptr)
                << step.name << " requires " << requirement.step;
            EXPECT_NE(describe(requirement).find(requirement.step), std::string::npos);
        }
    }
}

TEST(Table, NeedsNobodyElseToPrepare) {
    for (const auto &step : step_definitions()) {
        if (step.phase == Phase::Prepare) {
            EXPECT_TRUE(std::ranges::all_of(step.requirements, [](const auto &each) {
                return each.scope == Scope::Nobody;
            })) << step.name;
        }
    }
}

// Writes are refused from stop to start: the primary must not wait for anybody in between.
TEST(Table, LetsThePrimaryWaitForNobodyWhileWritesAreRefused) {
    const auto steps = steps_of(Role::Primary);
    const auto stop = index_of(Role::Primary, "stop");
    const auto start = index_of(Role::Primary, "start");
    ASSERT_LT(stop, start);
    for (auto i = stop; i <= start; ++i) {
        EXPECT_EQ(steps[i]->phase, Phase::Switch) << steps[i]->name;
        EXPECT_FALSE(steps[i]->background) << steps[i]->name;
        for (const auto &requirement : steps[i]->requirements) {
            EXPECT_EQ(requirement.scope, Scope::Nobody) << steps[i]->name << " requires " << requirement.step;
        }
    }
}

// Between the monitor's stop and start nobody can report to it, so nothing there may wait for others.
TEST(Table, LetsTheMonitorWaitForNobodyWhileItIsDown) {
    for (const auto &step : step_definitions()) {
        if (step.offline) {
            EXPECT_EQ(step.role, Role::Monitor) << step.name;
            EXPECT_TRUE(std::ranges::all_of(step.requirements, [](const auto &each) {
                return each.scope == Scope::Nobody;
            })) << step.name;
        }
    }
    const auto steps = steps_of(Role::Monitor);
    EXPECT_FALSE(steps[index_of(Role::Monitor, "stop")]->offline);
    for (auto i = index_of(Role::Monitor, "stop") + 1; i <= index_of(Role::Monitor, "start"); ++i) {
        EXPECT_TRUE(steps[i]->offline) << steps[i]->name;
    }
}

TEST(Table, KeepsEachNameInEachDirection) {
    for (const auto role : kRoles) {
        EXPECT_EQ(parse_role(to_string(role)), role);
    }
    for (const auto state : {StepState::Pending, StepState::Running, StepState::Done, StepState::Failed}) {
        EXPECT_EQ(parse_step_state(to_string(state)), state);
    }
    for (const auto state : {RunState::Preparing, RunState::Ready, RunState::Approved, RunState::Switching,
                             RunState::Restoring, RunState::Finished, RunState::RollingBack, RunState::Aborted}) {
        EXPECT_EQ(parse_run_state(to_string(state)), state);
    }
    for (const auto reason :
         {WaitReason::Nothing, WaitReason::Preparation, WaitReason::Approval, WaitReason::Time, WaitReason::Release,
          WaitReason::FailedHere, WaitReason::FailedElsewhere, WaitReason::OtherStep, WaitReason::RollbackOf}) {
        EXPECT_EQ(parse_wait_reason(to_string(reason)), reason);
    }
    EXPECT_EQ(parse_wait_reason("the operator's approval"), std::nullopt);
    EXPECT_EQ(parse_role("arbiter"), std::nullopt);
    EXPECT_EQ(parse_step_state(""), std::nullopt);
    EXPECT_EQ(parse_run_state("Ready"), std::nullopt);
}

// --- requirements -----------------------------------------------------------------------------

TEST(NextStep, BeginsAtTheFirstStep) {
    const auto run = make_run(true, {1});
    for (const auto &node : run.nodes) {
        EXPECT_EQ(next_step(run, node).step, steps_of(node.role).front()) << node.name;
    }
}

TEST(NextStep, GivesNothingWhileAStepRunsOrHasFailed) {
    auto run = make_run(false, {0});
    state_of(run.nodes[0], "discover") = StepState::Running;
    EXPECT_EQ(next_step(run, run.nodes[0]).step, nullptr);
    EXPECT_EQ(next_step(run, run.nodes[0]).wait.what, "discover on this node");
    EXPECT_EQ(next_step(run, run.nodes[0]).wait.reason, WaitReason::OtherStep);
    state_of(run.nodes[0], "discover") = StepState::Failed;
    EXPECT_EQ(next_step(run, run.nodes[0]).step, nullptr);
    EXPECT_EQ(next_step(run, run.nodes[0]).wait.what, "discover on this node, which failed");
    EXPECT_EQ(next_step(run, run.nodes[0]).wait.reason, WaitReason::FailedHere);
    // what begin_step is refused with
    const auto unmet = unmet_requirement(run, run.nodes[0], *find_step(Role::Primary, "check"));
    ASSERT_TRUE(unmet);
    EXPECT_EQ(unmet->what, "discover on this node");
    EXPECT_EQ(unmet->reason, WaitReason::FailedHere);
}

TEST(NextStep, GivesNothingWhileTheRunIsRolledBack) {
    auto run = make_run(true, {1});
    run.state = RunState::RollingBack;
    for (const auto &node : run.nodes) {
        EXPECT_EQ(next_step(run, node).step, nullptr) << node.name;
        EXPECT_EQ(next_step(run, node).wait.what, "the rollback of the run");
        EXPECT_EQ(next_step(run, node).wait.reason, WaitReason::RollbackOf);
    }
}

TEST(NextStep, GivesNothingWhenTheRunHasEnded) {
    auto run = make_run(true, {1});
    for (const auto state : {RunState::Aborted, RunState::Finished}) {
        run.state = state;
        EXPECT_EQ(next_step(run, run.nodes[1]).step, nullptr);
        EXPECT_TRUE(next_step(run, run.nodes[1]).wait.what.empty());
        EXPECT_EQ(next_step(run, run.nodes[1]).wait.reason, WaitReason::Nothing);
    }
}

TEST(Gate, KeepsEveryStepThatTouchesWhatServes) {
    auto run = make_run(true, {2});
    finish_phase(run, Phase::Prepare);
    const std::map<RunState, Wait> waits{{RunState::Preparing, {WaitReason::Preparation, "every node to prepare"}},
                                         {RunState::Ready, {WaitReason::Approval, "the operator's approval"}},
                                         {RunState::Approved, {WaitReason::Time, "the approved time"}}};
    for (const auto &[state, wait] : waits) {
        run.state = state;
        for (const auto &node : run.nodes) {
            EXPECT_EQ(next_step(run, node).step, nullptr) << node.name;
            EXPECT_EQ(next_step(run, node).wait.what, wait.what) << node.name;
            EXPECT_EQ(next_step(run, node).wait.reason, wait.reason) << node.name;
        }
    }
    run.gate_open = true;
    EXPECT_EQ(next_step(run, run.nodes[1]).step->name, "relax_sync");
}

TEST(Requirements, PutSecondariesIntoMaintenanceByRank) {
    auto run = make_run(false, {2});
    run.state = RunState::Switching;
    run.gate_open = true;
    finish_phase(run, Phase::Prepare);
    auto &primary = run.nodes[0];
    auto &first = run.nodes[1];
    auto &second = run.nodes[2];
    EXPECT_EQ(next_step(run, first).wait.what, "relax_sync on node_1");
    state_of(primary, "relax_sync") = StepState::Done;
    EXPECT_EQ(next_step(run, first).step->name, "enter_maintenance");
    EXPECT_EQ(next_step(run, second).wait.what, "enter_maintenance on node_2");
    state_of(first, "enter_maintenance") = StepState::Done;
    EXPECT_EQ(next_step(run, second).step->name, "enter_maintenance");
    EXPECT_EQ(next_step(run, primary).wait.what, "enter_maintenance on node_3");
    state_of(second, "enter_maintenance") = StepState::Done;
    EXPECT_EQ(next_step(run, primary).step->name, "checkpoint");
    EXPECT_EQ(next_step(run, first).wait.what, "stop on node_1");
}

TEST(Requirements, DoNotReachIntoAnotherGroup) {
    auto run = make_run(false, {1, 1});
    run.state = RunState::Switching;
    run.gate_open = true;
    finish_phase(run, Phase::Prepare);
    state_of(run.nodes[0], "relax_sync") = StepState::Done;
    state_of(run.nodes[1], "enter_maintenance") = StepState::Done;
    EXPECT_EQ(next_step(run, run.nodes[0]).step->name, "checkpoint");
    EXPECT_EQ(next_step(run, run.nodes[3]).wait.what, "relax_sync on node_3");
}

TEST(Requirements, KeepTheMonitorUpUntilEveryIdentityIsWrittenAndEveryRebuildHasBegun) {
    auto run = make_run(true, {1, 1});
    run.state = RunState::Restoring;
    run.gate_open = true;
    finish_phase(run, Phase::Prepare);
    finish_phase(run, Phase::Switch);
    auto &monitor = run.nodes[0];
    state_of(run.nodes[1], "identity") = StepState::Done;
    EXPECT_EQ(next_step(run, monitor).wait.what, "identity on node_3");
    state_of(run.nodes[3], "identity") = StepState::Running;
    EXPECT_EQ(next_step(run, monitor).wait.what, "identity on node_3");
    state_of(run.nodes[3], "identity") = StepState::Done;
    EXPECT_EQ(next_step(run, monitor).wait.what, "rebuild on node_2");
    state_of(run.nodes[2], "rebuild") = StepState::Running;
    state_of(run.nodes[4], "rebuild") = StepState::Failed;
    EXPECT_EQ(next_step(run, monitor).wait.what, "rebuild on node_4");
    state_of(run.nodes[4], "rebuild") = StepState::Running;
    EXPECT_EQ(next_step(run, monitor).step->name, "stop");
}

TEST(Requirements, OfTheMonitorAreMetWhenTheRunIsWithoutIt) {
    auto run = make_run(false, {0});
    run.state = RunState::Restoring;
    run.gate_open = true;
    set_before(run.nodes[0], "rejoin");
    EXPECT_EQ(next_step(run, run.nodes[0]).step->name, "rejoin");
}

TEST(Background, LetsLaterStepsBeginButTheEndWaits) {
    auto run = make_run(false, {0});
    run.state = RunState::Restoring;
    run.gate_open = true;
    auto &primary = run.nodes[0];
    set_before(primary, "statistics");
    EXPECT_EQ(next_step(run, primary).step->name, "statistics");
    EXPECT_EQ(unmet_requirement(run, primary, *find_step(Role::Primary, "rejoin"))->what, "statistics on this node");

    state_of(primary, "statistics") = StepState::Running;
    EXPECT_EQ(next_step(run, primary).step->name, "rejoin");
    state_of(primary, "rejoin") = StepState::Done;
    EXPECT_EQ(next_step(run, primary).step->name, "update_extensions");
    state_of(primary, "update_extensions") = StepState::Running;
    EXPECT_EQ(next_step(run, primary).step->name, "restore_settings");
    state_of(primary, "restore_settings") = StepState::Done;
    EXPECT_EQ(next_step(run, primary).step, nullptr);
    EXPECT_EQ(next_step(run, primary).wait.what, "statistics on this node");
    state_of(primary, "statistics") = StepState::Done;
    EXPECT_EQ(next_step(run, primary).wait.what, "update_extensions on this node");
    state_of(primary, "update_extensions") = StepState::Done;
    EXPECT_EQ(next_step(run, primary).step->name, "verify");
}

TEST(BestEffort, HoldsUpNothingButTheEnd) {
    auto run = make_run(false, {0});
    run.state = RunState::Restoring;
    run.gate_open = true;
    auto &primary = run.nodes[0];
    set_before(primary, "statistics");
    state_of(primary, "statistics") = StepState::Failed;
    EXPECT_EQ(next_step(run, primary).step->name, "rejoin");
    EXPECT_EQ(unmet_requirement(run, primary, *find_step(Role::Primary, "rejoin")), std::nullopt);
    state_of(primary, "rejoin") = StepState::Done;
    state_of(primary, "update_extensions") = StepState::Failed;
    EXPECT_EQ(next_step(run, primary).step->name, "restore_settings");
    state_of(primary, "restore_settings") = StepState::Done;
    EXPECT_EQ(next_step(run, primary).wait.what, "statistics on this node, which failed");
    EXPECT_EQ(next_step(run, primary).wait.reason, WaitReason::FailedHere);
    EXPECT_EQ(reached_state(run), RunState::Restoring);
    // one that is required does
    state_of(primary, "rejoin") = StepState::Failed;
    EXPECT_EQ(next_step(run, primary).wait.what, "rejoin on this node, which failed");
}

TEST(BestEffort, IsWhatNeitherDataNorHaNeed) {
    for (const auto &step : step_definitions()) {
        const bool is_expected = step.name == "statistics" || step.name == "update_extensions";
        EXPECT_EQ(is_best_effort(step.role, step.name), is_expected) << step.name;
        EXPECT_EQ(step.background, is_expected) << step.name;
    }
}

// --- states -----------------------------------------------------------------------------------

TEST(StepTransitions, AreThese) {
    const std::set<std::pair<StepState, StepState>> legal{
        {StepState::Pending, StepState::Running}, {StepState::Running, StepState::Done},
        {StepState::Running, StepState::Failed},  {StepState::Running, StepState::Pending},
        {StepState::Failed, StepState::Pending},  {StepState::Done, StepState::Failed},
        {StepState::Done, StepState::Pending},
    };
    for (const auto from : {StepState::Pending, StepState::Running, StepState::Done, StepState::Failed}) {
        for (const auto to : {StepState::Pending, StepState::Running, StepState::Done, StepState::Failed}) {
            EXPECT_EQ(is_legal(from, to), legal.contains({from, to})) << to_string(from) << " -> " << to_string(to);
        }
    }
}

TEST(RunTransitions, GoForwardAndCanGoBackOrBeAbortedOnlyBeforeTheSwitch) {
    const std::vector<RunState> states{RunState::Preparing,   RunState::Ready,     RunState::Approved,
                                       RunState::Switching,   RunState::Restoring, RunState::Finished,
                                       RunState::RollingBack, RunState::Aborted};
    for (const auto from : states) {
        for (const auto to : states) {
            const bool is_next = to <= RunState::Finished && static_cast<int>(to) == static_cast<int>(from) + 1;
            const bool is_abort =
                to == RunState::Aborted && (from < RunState::Switching || from == RunState::RollingBack);
            const bool is_rollback = to == RunState::RollingBack && from <= RunState::Finished;
            const bool is_taken_back =
                to == RunState::Preparing &&
                (from == RunState::Ready || from == RunState::Approved || from == RunState::RollingBack);
            EXPECT_EQ(is_legal(from, to), is_next || is_abort || is_rollback || is_taken_back)
                << to_string(from) << " -> " << to_string(to);
        }
    }
}

TEST(ReachedState, FollowsTheSteps) {
    auto run = make_run(true, {1});
    EXPECT_EQ(reached_state(run), RunState::Preparing);
    finish_phase(run, Phase::Prepare);
    EXPECT_EQ(reached_state(run), RunState::Ready);
    run.state = RunState::Ready;
    EXPECT_EQ(reached_state(run), RunState::Ready) << "only the operator leads on";
    run.state = RunState::Approved;
    EXPECT_EQ(reached_state(run), RunState::Approved);
    state_of(run.nodes[1], "relax_sync") = StepState::Running;
    EXPECT_EQ(reached_state(run), RunState::Switching);
    run.state = RunState::Switching;
    EXPECT_EQ(reached_state(run), RunState::Switching);
    finish_phase(run, Phase::Switch);
    EXPECT_EQ(reached_state(run), RunState::Restoring);
    run.state = RunState::Restoring;
    finish_phase(run, Phase::Restore);
    EXPECT_EQ(reached_state(run), RunState::Restoring);
    finish_phase(run, Phase::Finish);
    EXPECT_EQ(reached_state(run), RunState::Finished);
    for (const auto ended : {RunState::RollingBack, RunState::Aborted}) {
        run.state = ended;
        EXPECT_EQ(reached_state(run), ended);
    }
}

// --- whole runs -------------------------------------------------------------------------------

constexpr unsigned kSeeds = 100;

struct Shape {
    bool with_monitor;
    std::vector<int> secondaries;
};

// GoogleTest calls it by this name, to show the parameter of a test.
void PrintTo(const Shape &shape, std::ostream *out) {
    *out << (shape.with_monitor ? "monitor, " : "") << shape.secondaries.size() << " groups";
}

class WholeRun : public testing::TestWithParam<Shape> {
  protected:
    struct Moment {
        int group;
        Role role;
        std::string_view step;
        StepState state;
    };

    // Any node may begin what is due, end what it has begun, fail, or lose its helper, in any order.
    void carry_out(unsigned seed) {
        std::mt19937 random(seed);
        run_ = make_run(GetParam().with_monitor, GetParam().secondaries);
        moments_.clear();
        int moves_left = 20000;
        while (!has_ended(run_.state) && --moves_left > 0) {
            auto &node = run_.nodes[random() % run_.nodes.size()];
            move(node, random);
            if (run_.state == RunState::Ready) {
                run_.state = RunState::Approved;
                run_.gate_open = true;
            }
            for (auto reached = reached_state(run_); reached != run_.state; reached = reached_state(run_)) {
                ASSERT_TRUE(is_legal(run_.state, reached));
                run_.state = reached;
            }
        }
        ASSERT_EQ(run_.state, RunState::Finished) << "seed " << seed;
    }

    void move(NodePlan &node, std::mt19937 &random) {
        const auto steps = steps_of(node.role);
        for (std::size_t i = 0; i < steps.size(); ++i) {
            if (node.states[i] == StepState::Failed) {
                return set(node, i, StepState::Pending);
            }
            if (node.states[i] == StepState::Running && random() % 2 == 0) {
                constexpr std::array<StepState, 6> kEnds{StepState::Done, StepState::Done,   StepState::Done,
                                                         StepState::Done, StepState::Failed, StepState::Pending};
                return set(node, i, kEnds[random() % kEnds.size()]);
            }
        }
        if (const auto *next = next_step(run_, node).step) {
            ASSERT_FALSE(unmet_requirement(run_, node, *next));
            set(node, static_cast<std::size_t>(std::ranges::find(steps, next) - steps.begin()), StepState::Running);
        }
    }

    void set(NodePlan &node, std::size_t step, StepState to) {
        ASSERT_TRUE(is_legal(node.states[step], to));
        node.states[step] = to;
        moments_.push_back({node.group, node.role, steps_of(node.role)[step]->name, to});
    }

    // Whenever a node of a role came to the one state, no node of the other role had come to the
    // later one: over all nodes, or within one group.
    void expect_before(Role role, std::string_view step, StepState state, Role later_role, std::string_view later,
                       StepState later_state, std::optional<int> group = std::nullopt) {
        std::size_t last = 0;
        std::size_t first = moments_.size();
        for (std::size_t i = 0; i < moments_.size(); ++i) {
            const auto &moment = moments_[i];
            if (group && moment.group != *group) {
                continue;
            }
            if (moment.role == role && moment.step == step && moment.state == state) {
                last = i;
            }
            if (moment.role == later_role && moment.step == later && moment.state == later_state) {
                first = std::min(first, i);
            }
        }
        EXPECT_LE(last, first) << step << " of " << to_string(role) << " before " << later << " of "
                               << to_string(later_role);
    }

    RunPlan run_;
    std::vector<Moment> moments_;
};

TEST_P(WholeRun, AlwaysEndsWhateverTheOrder) {
    for (unsigned seed = 0; seed < kSeeds; ++seed) {
        ASSERT_NO_FATAL_FAILURE(carry_out(seed));
        for (const auto &node : run_.nodes) {
            EXPECT_TRUE(std::ranges::all_of(node.states, [](auto state) { return state == StepState::Done; }));
        }
    }
}

class WholeRunWithMonitor : public WholeRun {};

TEST_P(WholeRunWithMonitor, ChangesTheMonitorOnlyAfterTheData) {
    for (unsigned seed = 0; seed < kSeeds; ++seed) {
        ASSERT_NO_FATAL_FAILURE(carry_out(seed));
        expect_before(Role::Primary, "start", StepState::Done, Role::Monitor, "stop", StepState::Running);
        expect_before(Role::Primary, "identity", StepState::Done, Role::Monitor, "stop", StepState::Running);
        expect_before(Role::Monitor, "start", StepState::Done, Role::Primary, "rejoin", StepState::Running);
        expect_before(Role::Monitor, "start", StepState::Done, Role::Secondary, "rejoin", StepState::Running);
        expect_before(Role::Primary, "verify", StepState::Done, Role::Monitor, "verify", StepState::Running);
    }
}

TEST_P(WholeRun, StopsThePrimaryOnlyWhenItsSecondariesAreInMaintenance) {
    for (unsigned seed = 0; seed < kSeeds; ++seed) {
        ASSERT_NO_FATAL_FAILURE(carry_out(seed));
        for (int group = 0; group < static_cast<int>(GetParam().secondaries.size()); ++group) {
            const auto expect = [&](Role role, std::string_view step, Role later_role, std::string_view later) {
                expect_before(role, step, StepState::Done, later_role, later, StepState::Running, group);
            };
            expect(Role::Secondary, "enter_maintenance", Role::Primary, "stop");
            expect(Role::Primary, "stop", Role::Secondary, "stop");
            expect(Role::Primary, "start", Role::Secondary, "rebuild");
            expect(Role::Primary, "rejoin", Role::Secondary, "rejoin");
            expect(Role::Secondary, "rejoin", Role::Primary, "restore_settings");
        }
    }
}

std::string name_of(const testing::TestParamInfo<Shape> &shape) {
    std::string name = shape.param.with_monitor ? "Monitor" : "NoMonitor";
    for (const int secondaries : shape.param.secondaries) {
        name += "With" + std::to_string(secondaries);
    }
    return name;
}

INSTANTIATE_TEST_SUITE_P(Clusters, WholeRun,
                         testing::Values(Shape{true, {0}}, Shape{true, {1}}, Shape{true, {3}}, Shape{true, {1, 2}},
                                         Shape{true, {0, 3}}, Shape{false, {0}}, Shape{false, {1}}, Shape{false, {3}},
                                         Shape{false, {2, 1}}),
                         name_of);

INSTANTIATE_TEST_SUITE_P(Clusters, WholeRunWithMonitor,
                         testing::Values(Shape{true, {0}}, Shape{true, {1}}, Shape{true, {2}}, Shape{true, {3}},
                                         Shape{true, {1, 2}}, Shape{true, {0, 3}}),
                         name_of);

}  // namespace
}  // namespace pgaf
