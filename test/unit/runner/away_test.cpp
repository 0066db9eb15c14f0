#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "runner/world.hpp"
#include "system/error.hpp"

// A monitor that is away: who waits for it, who goes on alone, and how a node does without one that is lost.
namespace pgaf {
namespace {

ExitCode code_of(const std::function<ExitCode()> &command) {
    try {
        return command();
    } catch (const HelperError &error) {
        return error.code();
    }
}

// The helper ends in the step, which is as if it had not been carried out.
void run_until(World &world, const std::string &last) {
    world.work = [last](const std::string &step) {
        if (step == last) {
            throw HelperError(ExitCode::StepFailed, "the test ends here");
        }
    };
    EXPECT_THROW(static_cast<void>(world.start()), HelperError) << last;
    world.work = [](const std::string & /*step*/) {};
}

void lose_monitor(World &world) {
    world.is_monitor_away = [] { return true; };
}

const std::vector<std::string> kNoViolations;

// What is told to the monitor before it: a new one takes the identifier as it is then.
std::vector<std::string> but_for_identity(std::vector<std::string> violations) {
    std::erase_if(violations, [](const std::string &text) { return text.ends_with(" without identity"); });
    return violations;
}

TEST(AMonitorThatIsAway, IsWaitedForUntilTheLimit) {
    for (const std::string last : {"initdb", "enter_maintenance"}) {
        World world(2);
        run_until(world, last == "initdb" ? "check" : last);
        const auto performed = world.disk.performed;
        lose_monitor(world);
        world.settings.wait_limit = std::chrono::seconds(0);
        EXPECT_EQ(code_of([&] { return world.start(); }), ExitCode::NoMonitor) << last;
        EXPECT_EQ(world.disk.performed, performed) << last;
    }
}

TEST(AMonitorThatIsAway, IsNotWaitedForByAPrimaryThatRefusesWrites) {
    World world(1);
    run_until(world, "carry");
    lose_monitor(world);
    world.settings.wait_limit = std::chrono::seconds(0);
    EXPECT_EQ(code_of([&] { return world.start(); }), ExitCode::NoMonitor);
    EXPECT_TRUE(world.disk.done.contains("start"));
    EXPECT_FALSE(world.disk.done.contains("identity"));
    EXPECT_EQ(world.violations, kNoViolations);
    world.is_monitor_away = [] { return false; };
    world.start_until_ended();
    EXPECT_EQ(world.run.plan.state, RunState::Finished);
    EXPECT_EQ(world.violations, kNoViolations);
}

TEST(AMonitorThatIsLost, IsDoneWithoutFromEveryInstant) {
    for (const std::int64_t nodeid : {1, 2}) {
        World whole(nodeid);
        run_until(whole, nodeid == 1 ? "carry" : "rebuild");
        lose_monitor(whole);
        whole.record();
        EXPECT_EQ(whole.start_without_monitor(), ExitCode::Done);
        EXPECT_EQ(but_for_identity(whole.violations), kNoViolations);
        const auto end = whole.disk.done;
        EXPECT_TRUE(end.contains("reconfigure"));
        EXPECT_EQ(end.contains("statistics"), nodeid == 1);
        EXPECT_FALSE(end.contains("rejoin"));
        const auto left = whole.instants();
        EXPECT_GT(left.size(), 4U);
        for (const auto &instant : left) {
            World again(nodeid, instant);
            lose_monitor(again);
            EXPECT_EQ(again.start_without_monitor(), ExitCode::Done) << "killed " << instant.where;
            EXPECT_EQ(but_for_identity(again.violations), kNoViolations) << "killed " << instant.where;
            EXPECT_EQ(again.disk.done, end) << "killed " << instant.where;
        }
    }
}

TEST(AMonitorThatIsLost, IsOneThatIsToldApartFromOthers) {
    World knows_of_the_run(1);
    run_until(knows_of_the_run, "carry");
    EXPECT_EQ(code_of([&] { return knows_of_the_run.start_without_monitor(); }), ExitCode::Refused);

    World took_no_part(1);
    lose_monitor(took_no_part);
    EXPECT_EQ(code_of([&] { return took_no_part.start_without_monitor(); }), ExitCode::Refused);

    World is_the_monitor(0);
    run_until(is_the_monitor, "verify");
    lose_monitor(is_the_monitor);
    EXPECT_EQ(code_of([&] { return is_the_monitor.start_without_monitor(); }), ExitCode::Refused);

    World has_not_begun(1);
    run_until(has_not_begun, "checkpoint");
    lose_monitor(has_not_begun);
    EXPECT_EQ(code_of([&] { return has_not_begun.start_without_monitor(); }), ExitCode::Refused);

    World goes_back(1);
    run_until(goes_back, "carry");
    goes_back.when_undoing = [](World & /*world*/, const std::string & /*step*/) {
        throw HelperError(ExitCode::StepFailed, "the test ends here");
    };
    EXPECT_EQ(code_of([&] { return goes_back.roll_back(); }), ExitCode::StepFailed);
    lose_monitor(goes_back);
    EXPECT_EQ(code_of([&] { return goes_back.start_without_monitor(); }), ExitCode::Refused);
}

}  // namespace
}  // namespace pgaf
