#include <gtest/gtest.h>

#include "view/text.hpp"

namespace pgaf {
namespace {

using Lines = std::vector<std::string>;

TEST(Text, IsMeasuredInColumns) {
    EXPECT_EQ(display_width(""), 0U);
    EXPECT_EQ(display_width("node_1"), 6U);
    EXPECT_EQ(display_width("nœud_é"), 6U);
    EXPECT_EQ(display_width("日本"), 4U);
    EXPECT_EQ(display_width("e\u0301"), 1U);  // combined of two
    EXPECT_EQ(display_width("🙂"), 2U);
}

TEST(Text, IsCutBetweenCharacters) {
    EXPECT_EQ(cut("node_1", 6), "node_1");
    EXPECT_EQ(cut("node_1", 5), "node…");
    EXPECT_EQ(cut("éééé", 3), "éé…");
    EXPECT_EQ(cut("日本語", 6), "日本語");
    EXPECT_EQ(cut("日本語", 5), "日本…");
    EXPECT_EQ(cut("日本語", 4), "日…");  // half of a wide character is none
    EXPECT_EQ(cut("e\u0301e\u0301e\u0301", 2), "e\u0301…");
    EXPECT_EQ(cut("abc", 1), "…");
    EXPECT_EQ(cut("abc", 0), "");
}

TEST(Text, IsFilledToColumns) {
    EXPECT_EQ(left("é", 3), "é  ");
    EXPECT_EQ(right("é", 3), "  é");
    EXPECT_EQ(left("日本語", 4), "日… ");
    for (const auto *text : {"", "a", "日本語日本語", "éàü", "e\u0301", "a\tb\x1b[2J"}) {
        EXPECT_EQ(display_width(left(text, 7)), 7U) << text;
        EXPECT_EQ(display_width(right(text, 7)), 7U) << text;
    }
}

TEST(Text, DoesNotMoveTheCursor) {
    EXPECT_EQ(printable("a\x1b[2Jb"), "a\\x1b[2Jb");
    EXPECT_EQ(printable("a\nb\tc\x7f"), "a\\x0ab\\x09c\\x7f");
    EXPECT_EQ(printable("\xc2\x9b"), "\\x9b");                // a control character of two bytes
    EXPECT_EQ(printable("a\u202eb"), "a\\u202eb");            // turns what follows around
    EXPECT_EQ(printable("a\xff\xc3"), "a\\xff\\xc3");         // broken
    EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // too long for what it stands for
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // half of a pair
    EXPECT_EQ(display_width("a\x1b[2Jb"), 9U);
}

TEST(Text, IsWrappedAtSpaces) {
    EXPECT_EQ(wrap("", 10), Lines{""});
    EXPECT_EQ(wrap("one two three", 8), (Lines{"one two", "three"}));
    EXPECT_EQ(wrap("one\ntwo", 8), (Lines{"one", "two"}));
    EXPECT_EQ(wrap("abcdefgh", 3), (Lines{"abc", "def", "gh"}));
    EXPECT_EQ(wrap("日本語", 4), (Lines{"日本", "語"}));
}

TEST(Duration, IsReadable) {
    EXPECT_EQ(duration(0), "0.0 s");
    EXPECT_EQ(duration(-3), "0.0 s");  // clocks differ
    EXPECT_EQ(duration(5.04), "5.0 s");
    EXPECT_EQ(duration(9.97), "10 s");
    EXPECT_EQ(duration(59.4), "59 s");
    EXPECT_EQ(duration(59.6), "1 min 00 s");
    EXPECT_EQ(duration(125), "2 min 05 s");
    EXPECT_EQ(duration(3 * 3600 + 7 * 60 + 59), "3 h 07 min");
}

}  // namespace
}  // namespace pgaf
