#include <gtest/gtest.h>

#include <string>

#include "core/json.hpp"

namespace pgaf::json {
namespace {

constexpr std::size_t kDepth = 4;

TEST(Json, ReadsWhatPostgresqlWrites) {
    const auto value = parse(R"({"a": [1, -2.5e+3, true, false, null], "b": {"c": "d"}, "": ""})", kDepth);
    ASSERT_TRUE(value);
    EXPECT_EQ(value->kind, Kind::Object);
    const auto *const list = value->find("a");
    ASSERT_NE(list, nullptr);
    ASSERT_EQ(list->items.size(), 5U);
    EXPECT_EQ(list->items[1].text, "-2.5e+3");
    EXPECT_EQ(list->items[2].kind, Kind::Boolean);
    EXPECT_EQ(list->items[4].kind, Kind::Null);
    ASSERT_NE(value->find("b"), nullptr);
    EXPECT_EQ(value->find("b")->find("c")->text, "d");
    EXPECT_EQ(value->find("c"), nullptr);
    EXPECT_EQ(list->find("c"), nullptr);
}

TEST(Json, UnescapesText) {
    EXPECT_EQ(parse(R"("\"\\\/\b\f\n\r\t")", kDepth)->text, "\"\\/\b\f\n\r\t");
    EXPECT_EQ(parse(R"("\u0041\u00e9\u20ac\ud83d\ude00")", kDepth)->text, "A\u00e9\u20ac\U0001f600");
    EXPECT_EQ(parse(R"("\u001b")", kDepth)->text, "\x1b");
}

TEST(Json, RefusesWhatIsNone) {
    for (const auto *const text : {"",
                                   " ",
                                   "{",
                                   "}",
                                   "[",
                                   "[1",
                                   "[1,]",
                                   "[,]",
                                   "{\"a\"}",
                                   "{\"a\":}",
                                   "{\"a\":1,}",
                                   "{a:1}",
                                   "nul",
                                   "tru",
                                   "+1",
                                   "01",
                                   "1.",
                                   ".5",
                                   "1e",
                                   "-",
                                   "--1",
                                   "\"",
                                   "\"\\\"",
                                   "\"\\x\"",
                                   "\"\\u12\"",
                                   "\"\\u12g4\"",
                                   "\"\\ud800\"",
                                   "\"\\ud800\\u0041\"",
                                   "\"\\udc00\"",
                                   "\"\n\"",
                                   "1 2",
                                   "[1] x",
                                   "NaN",
                                   "Infinity"}) {
        EXPECT_FALSE(parse(text, kDepth)) << text;
    }
}

TEST(Json, RefusesWhatIsNestedTooDeeply) {
    EXPECT_TRUE(parse("[[[[1]]]]", kDepth));
    EXPECT_FALSE(parse("[[[[[1]]]]]", kDepth));
    EXPECT_FALSE(parse(std::string(1000000, '['), kDepth));
    EXPECT_FALSE(parse(R"({"a":{"a":{"a":{"a":{"a":1}}}}})", kDepth));
}

}  // namespace
}  // namespace pgaf::json
