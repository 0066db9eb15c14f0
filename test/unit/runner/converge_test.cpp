#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "run/notes.hpp"
#include "runner/world.hpp"
#include "system/error.hpp"

// Whatever instant a helper is killed at, a new one comes to the same end.
namespace pgaf {
namespace {

using Do = std::function<void(World &)>;

const Do kNothing = [](World & /*world*/) {};
const Do kRun = [](World &world) { static_cast<void>(world.start()); };
const Do kRollBack = [](World &world) { static_cast<void>(world.roll_back()); };

// A command, and what it is killed at every instant of.
struct Scenario {
    std::int64_t nodeid = 1;
    Do prepare = kNothing;  // sets what happens to a world
    Do before = kNothing;   // the command
    Do command = kRun;      // until the run has ended
    std::function<bool(const World &)> is_of_interest = [](const World & /*world*/) { return true; };

    // What it leaves behind at each of its instants.
    std::vector<Instant> instants(World &whole) const {
        prepare(whole);
        before(whole);
        whole.record(is_of_interest);
        whole.until_ended(command);
        EXPECT_EQ(whole.violations, std::vector<std::string>()) << whole.shown();
        return whole.instants();
    }

    // Returns the number of instants.
    std::size_t expect_one_end() const {
        World whole(nodeid);
        const auto left = instants(whole);
        for (const auto &instant : left) {
            World again(nodeid, instant);
            prepare(again);
            again.until_ended(command);
            EXPECT_EQ(again.violations, std::vector<std::string>()) << "killed " << instant.where;
            EXPECT_EQ(again.end().dump(1), whole.end().dump(1)) << "killed " << instant.where << '\n'
                                                                << instant.journal << again.shown();
            if (::testing::Test::HasFailure()) {
                break;
            }
        }
        return left.size();
    }
};

// The helper ends in the step, which is as if it had not been carried out.
Do until(const std::string &last) {
    return [last](World &world) {
        world.work = [last](const std::string &step) {
            if (step == last) {
                throw HelperError(ExitCode::StepFailed, "the test ends here");
            }
        };
        EXPECT_THROW(static_cast<void>(world.start()), HelperError) << last;
        world.work = [](const std::string & /*step*/) {};
    };
}

TEST(EveryInstant, OfAWholeRunConverges) {
    EXPECT_GT((Scenario{.nodeid = 0}).expect_one_end(), 60U);
    EXPECT_GT((Scenario{.nodeid = 1}).expect_one_end(), 90U);
    EXPECT_GT((Scenario{.nodeid = 2}).expect_one_end(), 45U);
}

TEST(EveryInstant, OfASwitchWithoutTheMonitorConverges) {
    const Do away_in_the_switch = [](World &world) {
        world.is_monitor_away = [&world] {
            return world.disk.done.contains("stop") && !world.disk.done.contains("start");
        };
    };
    const auto in_the_switch = [](const World &world) { return world.run.plan.state == RunState::Switching; };
    EXPECT_GT((Scenario{.prepare = away_in_the_switch, .is_of_interest = in_the_switch}).expect_one_end(), 40U);
}

// This node is ready, and nothing behind the gate is begun.
bool is_prepared(const World &world) {
    return is_before_switch(world.run.plan.state) && std::ranges::count(world.disk.performed, "check") > 0;
}

// The preparation is made anew, and the run approved anew.
TEST(EveryInstant, OfAGateThatIsClosedConverges) {
    for (const std::int64_t nodeid : {0, 1, 2}) {
        // the others are behind the gate as soon as it is open
        const auto state = nodeid == 1 ? RunState::Approved : RunState::Ready;
        const Do edit = [=](World &world) {
            world.when_waiting = [=, was_edited = false](World &of) mutable {
                if (!was_edited && of.run.plan.state == state) {
                    of.disk.is_edited = was_edited = true;
                }
            };
        };
        const Scenario scenario{.nodeid = nodeid, .prepare = edit, .is_of_interest = is_prepared};
        EXPECT_GT(scenario.expect_one_end(), 12U) << nodeid;
        World world(nodeid);
        static_cast<void>(scenario.instants(world));
        EXPECT_EQ(world.run.approvals, nodeid == 1 ? 2 : 1) << nodeid;
        EXPECT_EQ(std::ranges::count(world.disk.performed, "check"), 2) << nodeid;
    }
}

// By what has come up: the primary is the first behind the gate, and closes it; a secondary finds another one behind
// it.
TEST(EveryInstant, OfAGateThatIsHinderedConverges) {
    const Do hinder_when_ready = [](World &world) {
        world.when_waiting = [was_hindered = false](World &of) mutable {
            if (!was_hindered && of.run.plan.state == RunState::Ready) {
                of.disk.is_hindered = was_hindered = true;
            }
        };
    };
    EXPECT_GT((Scenario{.nodeid = 1, .prepare = hinder_when_ready, .is_of_interest = is_prepared}).expect_one_end(),
              20U);
    const Do mended_by_hand = [](World &world) {
        world.disk.is_hindered = world.disk.is_hindered && world.run.plan.state != RunState::Switching;
        static_cast<void>(world.start());
    };
    const auto at_the_gate = [](const World &world) { return !world.disk.done.contains("enter_maintenance"); };
    EXPECT_GT(
        (Scenario{.nodeid = 2, .prepare = hinder_when_ready, .command = mended_by_hand, .is_of_interest = at_the_gate})
            .expect_one_end(),
        15U);
}

TEST(EveryInstant, OfARollbackConverges) {
    for (const auto *last : {"checkpoint", "pg_upgrade", "start"}) {
        EXPECT_GT((Scenario{.nodeid = 1, .before = until(last), .command = kRollBack}).expect_one_end(), 10U) << last;
    }
    const Do primary_is_at_it = [](World &world) { world.held = {{1, "pg_upgrade"}}; };
    const Scenario of_secondary{
        .nodeid = 2, .prepare = primary_is_at_it, .before = until("stop"), .command = kRollBack};
    EXPECT_GT(of_secondary.expect_one_end(), 5U);
}

const Do kByCopy = [](World &world) { world.run.method = "copy"; };

// A node asks for it, the operator decides, and the node goes back; the monitor's own helper is the operator's.
TEST(EveryInstant, OfARollbackThatGivesUpWhatWasWrittenConverges) {
    const Do ask_and_go_back = [](World &world) {
        if (world.run.plan.state != RunState::RollingBack) {
            EXPECT_THROW(static_cast<void>(world.roll_back(true)), HelperError);
            world.run.roll_back(true);
            world.moment("the operator has given it up");
        }
        static_cast<void>(world.roll_back());
    };
    const Do discard = [](World &world) { static_cast<void>(world.roll_back(true)); };
    const Scenario of_primary{.nodeid = 1, .prepare = kByCopy, .before = until("identity"), .command = ask_and_go_back};
    EXPECT_GT(of_primary.expect_one_end(), 20U);
    const Scenario of_monitor{.nodeid = 0, .prepare = kByCopy, .before = until("verify"), .command = discard};
    EXPECT_GT(of_monitor.expect_one_end(), 15U);
}

// What a node has only asked for, and whoever is killed while it asks, does not keep it from going forward.
TEST(EveryInstant, OfAskingToGiveUpWhatWasWrittenGoesForward) {
    World whole(1);
    kByCopy(whole);
    until("identity")(whole);
    whole.record();
    try {
        static_cast<void>(whole.roll_back(true));
        FAIL() << "a node has given up what was written";
    } catch (const HelperError &error) {
        EXPECT_EQ(error.code(), ExitCode::Refused);
    }
    const auto left = whole.instants();
    EXPECT_GT(left.size(), 2U);
    for (const auto &instant : left) {
        World again(1, instant);
        again.start_until_ended();
        EXPECT_EQ(again.violations, std::vector<std::string>()) << "killed " << instant.where;
        EXPECT_EQ(again.run.plan.state, RunState::Finished) << "killed " << instant.where;
    }
}

// pgaf-upgrade run after a rollback that was killed: it goes back once it was asked for, and before that forward.
TEST(EveryInstant, OfARollbackIsRememberedByThoseWhoRunOn) {
    const Scenario scenario{.nodeid = 1, .before = until("carry"), .command = kRollBack};
    World whole(1);
    int forward = 0;
    int back = 0;
    for (const auto &instant : scenario.instants(whole)) {
        World again(1, instant);
        again.start_until_ended();
        EXPECT_EQ(again.violations, std::vector<std::string>()) << "killed " << instant.where;
        const bool was_asked = instant.journal.find(notes::kRollbackAsked) != std::string::npos;
        EXPECT_EQ(again.run.plan.state, was_asked ? RunState::Aborted : RunState::Finished) << instant.where;
        ++(was_asked ? back : forward);
    }
    EXPECT_GT(forward, 1);
    EXPECT_GT(back, 10);
}

// A primary in the switch that was told of a rollback does not go on alone when the monitor is away then.
TEST(EveryInstant, OfARollbackWaitsForTheMonitor) {
    const Scenario scenario{.nodeid = 1, .before = until("carry"), .command = kRollBack};
    World whole(1);
    for (const auto &instant : scenario.instants(whole)) {
        if (instant.run.plan.state != RunState::RollingBack) {
            continue;
        }
        World again(1, instant);
        again.is_monitor_away = [calls = 0]() mutable { return ++calls < 4; };
        again.start_until_ended();
        EXPECT_EQ(again.run.plan.state, RunState::Aborted) << instant.where;
        EXPECT_TRUE(again.disk.performed == instant.disk.performed) << "killed " << instant.where;
    }
}

// The monitor goes back to its old cluster while nobody can reach it; then pgaf-upgrade run tries its upgrade again.
TEST(EveryInstant, OfAMonitorThatGoesBackAloneConverges) {
    World whole(0);
    until("start")(whole);
    whole.record();
    EXPECT_EQ(whole.roll_back(), ExitCode::Done);
    EXPECT_FALSE(whole.is_server_of_monitor_down());
    const auto left = whole.instants();
    EXPECT_GT(left.size(), 15U);
    whole.start_until_ended();
    EXPECT_EQ(whole.violations, std::vector<std::string>());
    for (const auto &instant : left) {
        for (const bool is_rolled_back_again : {false, true}) {
            World again(0, instant);
            if (is_rolled_back_again) {
                EXPECT_EQ(again.roll_back(), ExitCode::Done);
            }
            again.start_until_ended();
            EXPECT_EQ(again.violations, std::vector<std::string>()) << "killed " << instant.where;
            EXPECT_EQ(again.end().dump(1), whole.end().dump(1)) << "killed " << instant.where;
        }
    }
}

// The monitor's own steps are told when it serves again, before anything is taken back: a standby's rebuild, which its
// stop has waited for, may have failed meanwhile.
TEST(EveryInstant, OfAMonitorThatWasAwayIsToldFirst) {
    World whole(0);
    whole.held = {{2, "rebuild"}};
    whole.when_waiting = [](World &world) {
        if (world.disk.done.contains("start")) {
            world.held.clear();
        }
    };
    whole.record(
        [](const World &world) { return world.disk.is_between_clusters || world.disk.done.contains("start"); });
    whole.start_until_ended();
    EXPECT_EQ(whole.violations, std::vector<std::string>());
    int failed = 0;
    for (const auto &instant : whole.instants()) {
        World again(0, instant);
        if (auto &rebuild = again.run.state(2, "rebuild"); rebuild == StepState::Running) {
            rebuild = StepState::Failed;
            ++failed;
        }
        again.start_until_ended();
        EXPECT_EQ(again.violations, std::vector<std::string>()) << "killed " << instant.where;
        EXPECT_EQ(again.run.plan.state, RunState::Finished);
    }
    EXPECT_GT(failed, 20);
}

TEST(EveryInstant, OfAStepThatFailsConverges) {
    for (const std::string step : {"initdb", "pg_upgrade", "rejoin"}) {
        const Do fail_once = [=](World &world) {
            world.work = [=, has_failed = false](const std::string &name) mutable {
                if (name == step && !std::exchange(has_failed, true)) {
                    throw HelperError(ExitCode::StepFailed, "no room");
                }
            };
        };
        // from its beginning until it is done
        const auto is_at_it = [=](const World &world) {
            return world.run.attempted.contains({1, step}) && std::ranges::count(world.disk.performed, step) == 0;
        };
        const Scenario scenario{.nodeid = 1, .prepare = fail_once, .is_of_interest = is_at_it};
        EXPECT_GT(scenario.expect_one_end(), 5U) << step;
    }
}

// Calls that do not reach the monitor, and answers that do not come back.
TEST(ALossyMonitor, ChangesNothingOfTheEnd) {
    for (const std::int64_t nodeid : {0, 1, 2}) {
        World whole(nodeid);
        whole.start_until_ended();
        for (const unsigned seed : {1U, 2U, 3U, 4U}) {
            for (const bool is_answer : {false, true}) {
                World lossy(nodeid);
                // not each third: several calls that belong together would then never come through
                const auto lose = [random = std::minstd_rand(seed)]() mutable { return random() % 3 == 0; };
                if (is_answer) {
                    lossy.is_answer_lost = lose;
                } else {
                    lossy.is_monitor_away = lose;
                }
                lossy.start_until_ended();
                EXPECT_EQ(lossy.violations, std::vector<std::string>()) << nodeid << ' ' << seed;
                EXPECT_EQ(lossy.end().dump(1), whole.end().dump(1)) << nodeid << ' ' << seed << ' ' << is_answer;
            }
        }
    }
}

}  // namespace
}  // namespace pgaf
