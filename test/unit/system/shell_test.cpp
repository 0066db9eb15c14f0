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

TEST(Shell, ExportsWhatWasQuoted) {
    const std::string odd = "two words\nit's $HOME `id`";
    const auto lines =
        exports_in_shell({"ODD=" + odd, "TWICE=1", "TWICE=2", "EMPTY=", "UID=7", "no-name=1", "9=1", "=1", "without"});
    EXPECT_EQ(run({.argv = {"sh", "-c", lines + "exec sh -c 'printf %s \"$ODD|$TWICE|${EMPTY-unset}\"'"}}).output,
              odd + "|2|");
    for (const auto *left_out : {"UID", "no-name", "9=", "without"}) {
        EXPECT_EQ(lines.find(left_out), std::string::npos) << left_out;
    }
}

TEST(Shell, LeavesPlainWordsAsTheyAre) {
    EXPECT_EQ(shell_line({"/usr/bin/psql", "-p", "5432", "SELECT 1"}), "/usr/bin/psql -p 5432 'SELECT 1'");
}

}  // namespace
}  // namespace pgaf
