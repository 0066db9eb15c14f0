#include "system/shown.hpp"

#include <gtest/gtest.h>

namespace pgaf {
namespace {

TEST(Shown, SeesWhatATerminalWouldObey) {
    EXPECT_EQ(shown("a\x1b[2Jb"), "a\\x1b[2Jb");
    EXPECT_EQ(shown("line\nnext\tcell\x7f"), "line\\x0anext\\x09cell\\x7f");
    EXPECT_EQ(shown("\xc2\x9b"), "\\x9b");  // a control character of two bytes
    EXPECT_EQ(shown("a\u202eb\u2066\u200f"), "a\\u202eb\\u2066\\u200f");
    EXPECT_EQ(shown("Größe \u2713"), "Größe \u2713");
}

TEST(Shown, SeesBytesThatAreNoCharacter) {
    EXPECT_EQ(shown("gr\xf6\xdf"), "gr\\xf6\\xdf");  // as LATIN1 has it
    EXPECT_EQ(shown("\xc0\xaf"), "\\xc0\\xaf");      // too long for what it stands for
    EXPECT_EQ(shown("\xe2\x82"), "\\xe2\\x82");      // ends within a character
}

TEST(OutputFilter, PassesOnATerminalOurEscapesAlone) {
    mark_escapes();
    OutputFilter filter(true);
    EXPECT_EQ(filter.pass(escape() + "[1mbold" + escape() + "[0m\n"), "\x1b[1mbold\x1b[0m\n");
    EXPECT_EQ(filter.pass(escape() + "[?1049h"), "\x1b[?1049h");
    EXPECT_EQ(filter.pass("a name\x1b[2J\x1b]0;title\x07"), "a name\\x1b[2J\\x1b]0;title\\x07");
}

TEST(OutputFilter, PassesNoneElsewhere) {
    mark_escapes();
    OutputFilter filter(false);
    EXPECT_EQ(filter.pass(escape() + "[1mbold" + escape() + "[0m\r\n"), "bold\\x0d\n");
    EXPECT_EQ(filter.pass("\x1b[1m"), "\\x1b[1m");
}

TEST(OutputFilter, WaitsForWhatIsNotWhole) {
    mark_escapes();
    const auto bytes = "gr\u00f6\u00dfe " + escape() + "[31mred";
    OutputFilter filter(true);
    std::string passed;
    for (const char byte : bytes) {
        passed += filter.pass(std::string(1, byte));
    }
    EXPECT_EQ(passed, "gr\u00f6\u00dfe \x1b[31mred");
    EXPECT_EQ(filter.pass("\xe2\x82"), "");
    EXPECT_EQ(filter.end(), "\\xe2\\x82");
}

}  // namespace
}  // namespace pgaf
