#include <gtest/gtest.h>

#include "system/suggestion.hpp"

namespace pgaf {
namespace {

const std::vector<std::string> kCommands{"check", "backup", "plan", "run", "rollback", "status", "report"};

TEST(Suggestion, IsTheWordWithTheFewestTypingErrors) {
    for (const auto &[typed, meant] : std::initializer_list<std::pair<std::string, std::string>>{
             {"chekc", "check"},     // two letters exchanged
             {"chec", "check"},      // one is missing
             {"statuss", "status"},  // one too many
             {"repart", "report"},   // another one
             {"rollbak", "rollback"},
             {"roll", "rollback"},  // only one begins so
             {"nonsense", ""},
             {"x", ""},
             {"", ""},
         }) {
        EXPECT_EQ(nearest(typed, kCommands), meant) << typed;
    }
}

TEST(Suggestion, IsNoneWhereSeveralBeginSo) {
    EXPECT_EQ(nearest("--long", {"--long-one", "--long-two"}), "");
}

TEST(Suggestion, IsTheBeginningOfAHint) {
    EXPECT_EQ(did_you_mean("chekc", kCommands), "Did you mean \"check\"? ");
    EXPECT_EQ(did_you_mean("nonsense", kCommands), "");
}

}  // namespace
}  // namespace pgaf
