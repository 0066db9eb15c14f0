#include <gtest/gtest.h>

#include <algorithm>

#include "contains.hpp"
#include "runner/world.hpp"
#include "system/error.hpp"

// Whatever fails between `stop` and `start` gives the old cluster back by itself.
namespace pgaf {
namespace {

void fail_in(World &world, const std::string &failing) {
    world.work = [failing](const std::string &step) {
        if (step == failing) {
            throw HelperError(ExitCode::StepFailed, "it does not work");
        }
    };
}

// An upgrade by a run whose switch fails in a step.
World &failing(World &world, const std::string &step) {
    world.run.on_failure = "give_back";
    fail_in(world, step);
    return world;
}

HelperError error_of(World &world) {
    try {
        static_cast<void>(world.start());
    } catch (const HelperError &error) {
        world.let_others_work();  // they go back as well
        return error;
    }
    return {ExitCode::Done, "nothing was thrown"};
}

// The cause is gone: the same run is prepared, approved and finished.
void expect_to_finish(World &world) {
    world.work = [](const std::string & /*step*/) {};
    world.start_until_ended();
    EXPECT_EQ(world.run.plan.state, RunState::Finished);
    EXPECT_EQ(world.run.attempt, 2);
    EXPECT_EQ(world.run.approvals, 2);
    EXPECT_TRUE(world.violations.empty()) << world.violations.front();
}

TEST(AFailedSwitch, GivesTheOldClusterBackAndIsPreparedAgain) {
    for (const std::string step : {"stop", "pg_upgrade", "carry", "swap", "start"}) {
        World world(1);
        const auto error = error_of(failing(world, step));
        EXPECT_EQ(error.code(), ExitCode::StepFailed) << step;
        EXPECT_TRUE(contains(error.what(), "step " + step + " failed: it does not work")) << error.what();
        EXPECT_TRUE(contains(error.hint(), "The old cluster serves again.")) << error.hint();
        EXPECT_TRUE(world.disk.is_old_served) << step;
        EXPECT_TRUE(world.disk.done.empty()) << step;
        EXPECT_EQ(world.run.plan.state, RunState::Preparing) << step;
        EXPECT_FALSE(world.run.plan.gate_open) << step;
        expect_to_finish(world);
    }
}

TEST(AFailedSwitch, StaysAsItIsWhereTheOperatorWantsIt) {
    World world(1);
    fail_in(world, "pg_upgrade");
    const auto error = error_of(world);
    EXPECT_EQ(error.code(), ExitCode::StepFailed);
    EXPECT_FALSE(world.disk.is_old_served);
    EXPECT_EQ(world.run.state(1, "pg_upgrade"), StepState::Failed);
    EXPECT_EQ(world.run.plan.state, RunState::Switching);
}

TEST(AFailedStep, BeforeTheStopOrBehindTheStartGivesNothingBack) {
    for (const std::string step : {"relax_sync", "checkpoint", "identity", "rejoin"}) {
        World world(1);
        static_cast<void>(error_of(failing(world, step)));
        EXPECT_FALSE(world.disk.is_old_served) << step;
        EXPECT_EQ(world.run.state(1, step), StepState::Failed) << step;
    }
}

TEST(AFailedSwitch, IsNotGivenBackOnceTheNewServerWasStarted) {
    World world(1);
    failing(world, "start");
    world.when_performing = [](World &of, const std::string &step) {
        if (step == "start") {
            of.disk.done.insert("start");  // by its files, whatever the step says
            throw HelperError(ExitCode::StepFailed, "it does not work");
        }
    };
    static_cast<void>(error_of(world));
    EXPECT_FALSE(world.disk.is_old_served);
    EXPECT_EQ(world.run.state(1, "start"), StepState::Failed);
}

// Writes are accepted again before the monitor hears of anything.
TEST(AFailedSwitch, IsGivenBackWithoutTheMonitor) {
    World world(1);
    failing(world, "pg_upgrade");
    bool is_away = false;
    bool was_away_when_it_served = false;
    world.when_performing = [&is_away](World &, const std::string &step) { is_away = step == "pg_upgrade"; };
    world.is_monitor_away = [&is_away] { return is_away; };
    world.when_old_serves = [&](World &) { was_away_when_it_served = std::exchange(is_away, false); };
    static_cast<void>(error_of(world));
    EXPECT_TRUE(was_away_when_it_served);
    EXPECT_EQ(world.run.plan.state, RunState::Preparing);
    expect_to_finish(world);
}

TEST(AFailedSwitch, StaysWhereItIsNotKnownWhetherTheNewServerWasStarted) {
    World world(1);
    failing(world, "start");
    world.when_asked_for_start = [] { throw HelperError(ExitCode::StepFailed, "pg_controldata says nothing"); };
    const auto error = error_of(world);
    EXPECT_TRUE(contains(error.what(), "step start failed: it does not work")) << error.what();
    EXPECT_FALSE(world.disk.is_old_served);
    EXPECT_EQ(world.run.state(1, "start"), StepState::Failed);
}

TEST(AFailedSwitch, IsTriedAgainWhereTheOldClusterDoesNotServe) {
    World world(1);
    failing(world, "pg_upgrade");
    world.when_old_serves = [](World &) { throw HelperError(ExitCode::TimedOut, "it does not serve"); };
    const auto error = error_of(world);
    EXPECT_TRUE(contains(error.what(), "step pg_upgrade failed: it does not work")) << error.what();
    EXPECT_TRUE(contains(error.hint(), "The old cluster does not serve yet")) << error.hint();
    world.when_old_serves = [](World &) {};
    expect_to_finish(world);
}

// Killed anywhere on the way, the next helper brings it to the same end.
TEST(AFailedSwitch, IsGivenBackWhereverTheHelperIsKilled) {
    World whole(1);
    whole.record();
    static_cast<void>(error_of(failing(whole, "swap")));
    auto instants = whole.instants();
    // from when the journal has it
    std::erase_if(instants, [](const Instant &instant) { return !contains(instant.journal, "rollback asked for"); });
    ASSERT_GT(instants.size(), 10U);
    for (const auto &instant : instants) {
        World world(1, instant);
        world.start_until_ended();
        EXPECT_EQ(world.run.plan.state, RunState::Finished) << instant.where;
        EXPECT_EQ(world.run.attempt, 2) << instant.where;
        EXPECT_TRUE(world.violations.empty()) << instant.where << ": " << world.violations.front();
    }
}

TEST(AFailedSwitch, IsGivenBackWhereAnswersAreLost) {
    for (int lost = 1; lost <= 4; ++lost) {
        World world(1);
        failing(world, "pg_upgrade");
        int calls = 0;
        world.is_answer_lost = [&] { return world.disk.is_old_served && ++calls == lost; };
        static_cast<void>(error_of(world));
        EXPECT_EQ(world.run.plan.state, RunState::Preparing) << lost;
        expect_to_finish(world);
    }
}

// The others go back with it: their journals begin again with the run.
TEST(ARunThatIsGivenBack, IsPreparedAgainByTheOtherNodes) {
    for (const std::int64_t nodeid : {0, 2}) {
        World world(nodeid);
        world.run.on_failure = "give_back";
        bool has_failed = false;
        world.when_waiting = [&has_failed](World &of) {
            if (!has_failed && of.run.state(1, "pg_upgrade") == StepState::Done) {
                has_failed = true;
                of.run.state(1, "pg_upgrade") = StepState::Running;
                of.run.state(1, "start") = StepState::Pending;
                of.run.attempted.erase({1, "start"});
                static_cast<void>(of.run.request_rollback(of.run.leases.at(1), false, true, true));
            }
        };
        world.held = {{1, "carry"}};
        world.when_performing = [](World &of, const std::string &) { of.held.clear(); };
        world.start_until_ended();
        if (has_failed) {
            EXPECT_EQ(world.run.attempt, 2) << nodeid;
        }
        EXPECT_EQ(world.run.plan.state, RunState::Finished) << nodeid;
        EXPECT_TRUE(world.violations.empty()) << world.violations.front();
    }
}

}  // namespace
}  // namespace pgaf
