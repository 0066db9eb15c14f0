#include "system/gently.hpp"

#include <sys/resource.h>

#include <gtest/gtest.h>

#include "system/error.hpp"
#include "system/process.hpp"

namespace pgaf {
namespace {

TEST(Gently, ProgramsHaveALowPriority) {
    std::string nice;
    std::string disk;
    gently([&] {
        nice = run_checked({.argv = {"nice"}});
        disk = run_checked({.argv = {"ionice"}});
    });
    EXPECT_EQ(last_lines(nice, 1), "10");
    EXPECT_EQ(last_lines(disk, 1), "best-effort: prio 7");
}

TEST(Gently, WhoeverAskedKeepsHisOwn) {
    const auto before = ::getpriority(PRIO_PROCESS, 0);
    gently([] {});
    EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), before);
    EXPECT_EQ(last_lines(run_checked({.argv = {"nice"}}), 1), std::to_string(before));
}

TEST(Gently, WhatIsThrownComesBack) {
    EXPECT_THROW(gently([] { throw HelperError(ExitCode::StepFailed, "no"); }), HelperError);
}

}  // namespace
}  // namespace pgaf
