#include <gtest/gtest.h>

#include "contains.hpp"
#include "runner/world.hpp"
#include "system/error.hpp"
#include "system/files.hpp"
#include "thrown.hpp"

// Whatever is thrown in a step, beside one, in its undoing or in a thread comes to one edge.
namespace pgaf {
namespace {

HelperError error_of(const std::function<ExitCode()> &command) {
    try {
        static_cast<void>(command());
    } catch (const HelperError &error) {
        return error;
    }
    return {ExitCode::Done, "nothing was thrown"};
}

void expect_told(World &world, const std::string &step, const std::string &words) {
    EXPECT_EQ(world.run.state(1, step), StepState::Failed);
    const auto told = world.run.errors[{1, step}];
    EXPECT_TRUE(contains(told, words)) << told;
    EXPECT_TRUE(contains(world.journal_now(), R"("state":"failed","step":")" + step)) << world.journal_now();
    EXPECT_TRUE(contains(world.shown(), "failed: step " + step + ": " + words)) << world.shown();
}

TEST(WhatAStepThrows, IsInTheJournalAndOnTheMonitorAndEndsTheProcess) {
    for (const auto &[name, raise, words] : everything_that_can_be_thrown()) {
        World world(1);
        world.work = [&work = raise](const std::string &step) {
            if (step == "initdb") {
                work();
            }
        };
        const auto error = error_of([&] { return world.start(); });
        EXPECT_EQ(error.code(), ExitCode::StepFailed) << name;
        EXPECT_TRUE(contains(error.what(), "step initdb: " + words)) << name << ": " << error.what();
        EXPECT_FALSE(error.hint().empty()) << name;
        expect_told(world, "initdb", words);
        world.work = [](const std::string & /*step*/) {};
        world.start_until_ended();
        EXPECT_EQ(world.run.plan.state, RunState::Finished) << name;
    }
}

// What no data depends on: redundancy comes back all the same.
TEST(WhatAStepOfBestEffortThrows, IsAWarningAndHoldsUpNothing) {
    for (const std::string broken : {"statistics", "update_extensions"}) {
        for (const auto &[name, raise, words] : everything_that_can_be_thrown()) {
            World world(1);
            world.work = [&work = raise, &broken](const std::string &step) {
                if (step == broken) {
                    work();
                }
            };
            EXPECT_EQ(world.start(), ExitCode::Warnings) << name;
            EXPECT_EQ(world.run.plan.state, RunState::Finished) << name;
            EXPECT_TRUE(world.disk.done.contains("rejoin")) << name;
            const auto warnings = world.run.results[{1, broken}]["warnings"];
            ASSERT_EQ(warnings.size(), 1U) << name;
            EXPECT_TRUE(contains(warnings[0]["error"].get<std::string>(), words)) << warnings.dump();
            EXPECT_FALSE(warnings[0]["remedy"].get<std::string>().empty()) << name;
            EXPECT_TRUE(contains(world.shown(), "1 warning: step " + broken)) << world.shown();
        }
    }
}

TEST(WhatAnUndoingThrows, EndsTheProcessWithWhatWasUndone) {
    for (const auto &[name, raise, words] : everything_that_can_be_thrown()) {
        World world(1);
        world.work = [&work = raise](const std::string &step) {
            if (step == "swap" || step == "undo pg_upgrade") {
                work();
            }
        };
        static_cast<void>(error_of([&] { return world.start(); }));
        const auto error = error_of([&] { return world.roll_back(); });
        EXPECT_TRUE(contains(error.what(), "undoing pg_upgrade: " + words)) << name << ": " << error.what();
        EXPECT_FALSE(error.hint().empty()) << name;
        world.work = [](const std::string & /*step*/) {};
        EXPECT_EQ(world.roll_back(), ExitCode::Done) << name;
        EXPECT_EQ(world.run.plan.state, RunState::Aborted) << name;
    }
}

TEST(WhatAHeartbeatThrows, EndsNothing) {
    for (const auto &[name, raise, words] : everything_that_can_be_thrown()) {
        World world(1);
        world.settings.heartbeat = std::chrono::milliseconds(1);
        std::atomic<int> beats = 0;
        world.when_heartbeat = [&, &work = raise] {
            ++beats;
            work();
        };
        world.when_performing = [&](World & /*of*/, const std::string & /*step*/) {
            while (beats < 3) {
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
        };
        EXPECT_EQ(world.start(), ExitCode::Done) << name;
        EXPECT_GE(beats, 3) << name;
    }
}

TEST(WhatIsThrownBesideTheSteps, ComesOutOfTheRunner) {
    World world(1);
    world.when_waiting = [](World & /*of*/) { throw std::bad_alloc(); };
    EXPECT_THROW(static_cast<void>(world.start()), std::bad_alloc);  // main has the edge for it
}

TEST(AStepThatRefuses, KeepsItsExitCode) {
    const std::map<ExitCode, ExitCode> codes{{ExitCode::Refused, ExitCode::Refused},
                                             {ExitCode::CheckFailed, ExitCode::CheckFailed},
                                             {ExitCode::TimedOut, ExitCode::StepFailed},
                                             {ExitCode::Internal, ExitCode::StepFailed}};
    for (const auto &[thrown, expected] : codes) {
        World world(1);
        world.work = [code = thrown](const std::string & /*step*/) { throw HelperError(code, "no", "Do it."); };
        const auto error = error_of([&] { return world.start(); });
        EXPECT_EQ(error.code(), expected);
        EXPECT_EQ(std::string(error.what()), "step discover failed: no");
        EXPECT_EQ(error.hint(), "Do it.");
    }
    World world(1);
    world.work = [](const std::string & /*step*/) { throw PgError(ExitCode::Refused, "no such table", "", "42P01"); };
    EXPECT_EQ(error_of([&] { return world.start(); }).code(), ExitCode::StepFailed);  // a server's no is a failure
}

// A server's own words may be of another encoding.
TEST(AStepThatFails, IsToldInUtf8) {
    World world(1);
    world.work = [](const std::string & /*step*/) {
        throw HelperError(ExitCode::StepFailed,
                          "relation \"gr\xf6\xdf"
                          "e\" is no table");
    };
    static_cast<void>(error_of([&] { return world.start(); }));
    EXPECT_TRUE(contains(world.journal_now(), "relation \\\"gr\ufffd\ufffde\\\" is no table")) << world.journal_now();
}

// A disk that takes no line of the journal any more: the monitor is told all the same.
TEST(AJournalThatCannotBeWritten, FailsTheStepOnTheMonitor) {
    World world(1);
    world.work = [&](const std::string &step) {
        if (step == "initdb") {
            std::filesystem::remove(world.journal_path());
            std::filesystem::create_directory(world.journal_path());
        }
    };
    const auto error = error_of([&] { return world.start(); });
    EXPECT_EQ(error.code(), ExitCode::StepFailed);
    EXPECT_TRUE(contains(error.what(), "step initdb failed: could not open")) << error.what();
    EXPECT_EQ(world.run.state(1, "initdb"), StepState::Failed);
}

// The step's error is what counts, and not that the monitor cannot be told of it.
TEST(AMonitorThatRefusesAFailure, DoesNotHideIt) {
    World world(1);
    world.work = [&](const std::string &step) {
        if (step == "initdb") {
            world.run.leases.clear();
            throw HelperError(ExitCode::StepFailed, "no room");
        }
    };
    EXPECT_EQ(std::string(error_of([&] { return world.start(); }).what()), "step initdb failed: no room");
}

}  // namespace
}  // namespace pgaf
