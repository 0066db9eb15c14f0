#include <gtest/gtest.h>

#include "system/process.hpp"
#include "system/shell.hpp"

namespace pgaf {
namespace {

TEST(Shell, ReadsBackWhatWasQuoted) {
    for (const std::string word :
         {"plain", "", "two words", "it's", "$HOME `id` \\ \"x\" *", "a\nb", "ünï", "--option=1"}) {
        EXPECT_EQ(run({.argv = {"sh", "-c", "printf %s " + shell_quoted(word)}}).output, word);
    }
}

TEST(Shell, LeavesPlainWordsAsTheyAre) {
    EXPECT_EQ(shell_line({"/usr/bin/psql", "-p", "5432", "SELECT 1"}), "/usr/bin/psql -p 5432 'SELECT 1'");
}

}  // namespace
}  // namespace pgaf
