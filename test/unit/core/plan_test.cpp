#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/plan.hpp"
#include "planned_node.hpp"

namespace pgaf {
namespace {

void mark_done(NodePlan &node, const StepDefinition *step) {
    const auto steps = steps_of(node.role);
    node.states.at(static_cast<std::size_t>(std::ranges::find(steps, step) - steps.begin())) = StepState::Done;
}

// The monitor, a group of a primary with two secondaries, and a group of one node.
std::vector<NodePlan> cluster() {
    return {planned_node(Role::Primary, 1), planned_node(Role::Secondary, 2, 0, 0),
            planned_node(Role::Secondary, 3, 0, 1), planned_node(Role::Primary, 4, 1), planned_node(Role::Monitor, 0)};
}

// Performs the plan in its order by the rules that the extension hands out steps by.
TEST(OrderOfSteps, IsOneInWhichEachStepIsDueInItsTurn) {
    RunPlan run;
    run.nodes = cluster();
    const auto plan = order_of_steps(run.nodes);
    std::size_t total = 0;
    for (const auto &node : run.nodes) {
        total += node.states.size();
    }
    ASSERT_EQ(plan.size(), total);
    for (const auto &planned : plan) {
        auto &node = run.nodes[planned.node];
        run.gate_open = planned.step->phase != Phase::Prepare;
        const auto next = next_step(run, node);
        ASSERT_EQ(next.step, planned.step) << node.name << " waits for " << next.wait.what;
        mark_done(node, planned.step);
    }
}

// What has the same stage is due at the same time, and nothing of it was due before.
TEST(OrderOfSteps, PutsAStepIntoTheFirstStageInWhichItIsDue) {
    RunPlan run;
    run.nodes = cluster();
    const auto plan = order_of_steps(run.nodes);
    EXPECT_EQ(plan.front().stage, 1);
    for (auto first = plan.begin(); first != plan.end();) {
        const auto last =
            std::find_if(first, plan.end(), [&](const auto &other) { return other.stage != first->stage; });
        run.gate_open = first->step->phase != Phase::Prepare;
        std::set<std::pair<std::size_t, const StepDefinition *>> planned;
        for (auto it = first; it != last; ++it) {
            planned.insert({it->node, it->step});
        }
        std::set<std::pair<std::size_t, const StepDefinition *>> due;
        for (std::size_t i = 0; i < run.nodes.size(); ++i) {
            if (const auto *step = next_step(run, run.nodes[i]).step) {
                due.insert({i, step});
            }
        }
        EXPECT_EQ(planned, due) << "stage " << first->stage;
        for (auto it = first; it != last; ++it) {
            mark_done(run.nodes[it->node], it->step);
        }
        first = last;
    }
}

TEST(OrderOfSteps, IsEmptyWithoutNodes) {
    EXPECT_TRUE(order_of_steps({}).empty());
}

TEST(OrderOfSteps, IsDoneAtOnceForThousandsOfGroups) {
    std::vector<NodePlan> nodes;
    for (int group = 0; group < 3000; ++group) {
        const std::int64_t nodeid = std::int64_t{3} * group;
        nodes.push_back(planned_node(Role::Primary, nodeid, group));
        nodes.push_back(planned_node(Role::Secondary, nodeid + 1, group, 0));
        nodes.push_back(planned_node(Role::Secondary, nodeid + 2, group, 1));
    }
    nodes.push_back(planned_node(Role::Monitor, 0));
    const auto plan = order_of_steps(nodes);
    // as many stages as one group has
    const std::vector<NodePlan> one{nodes[0], nodes[1], nodes[2], nodes.back()};
    EXPECT_EQ(plan.back().stage, order_of_steps(one).back().stage);
}

TEST(RefusesWrites, FromThePrimarysStopToItsStart) {
    std::vector<std::string_view> names;
    for (const auto &step : step_definitions()) {
        if (refuses_writes(step)) {
            EXPECT_EQ(step.role, Role::Primary);
            names.push_back(step.name);
        }
    }
    EXPECT_EQ(names, (std::vector<std::string_view>{"stop", "pg_upgrade", "carry", "swap", "start"}));
}

TEST(WaitsFor, NamesTheApprovalOncePerRole) {
    for (const auto role : {Role::Monitor, Role::Primary, Role::Secondary}) {
        int named = 0;
        for (const auto *step : steps_of(role)) {
            named += waits_for(planned_node(role, 1), *step).find("approval") != std::string::npos ? 1 : 0;
        }
        EXPECT_EQ(named, 1);
    }
    EXPECT_EQ(waits_for(planned_node(Role::Secondary, 1), *find_step(Role::Secondary, "stop")),
              "stop done on the primary of the group");
}

TEST(WaitsFor, NamesTheReleaseOfAStandbyThatIsKept) {
    auto nodes = cluster();
    nodes[2].is_kept = true;
    EXPECT_EQ(waits_for(nodes[2], *find_step(Role::Secondary, "rebuild")),
              "its release: SELECT pgaf_upgrade_release(); start done on the primary of the group");
    EXPECT_EQ(waits_for(nodes[2], *find_step(Role::Secondary, "reconfigure")), "");
}

}  // namespace
}  // namespace pgaf
