#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "checks/check.hpp"
#include "core/check_names.hpp"

namespace pgaf {
namespace {

// A check that is not in the list could not be reported.
TEST(CheckNames, AreThoseThatAreReported) {
    // these are made by the step verify
    std::set<std::string, std::less<>> made{"hba_after_upgrade", "statistics_after_upgrade"};
    for (const auto &check : all_checks()) {
        made.insert(check.name);
    }
    EXPECT_TRUE(std::ranges::equal(made, kCheckNames));
    EXPECT_TRUE(std::ranges::is_sorted(kCheckNames));
}

}  // namespace
}  // namespace pgaf
