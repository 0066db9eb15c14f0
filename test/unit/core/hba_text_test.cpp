#include <gtest/gtest.h>

#include "core/hba_text.hpp"

namespace pgaf::hba {
namespace {

std::optional<std::string> no_file(const std::string & /*path*/) {
    return std::nullopt;
}

Field first_field(std::string_view line) {
    const auto fields = fields_of(line, "/etc/pg_hba.conf", no_file);
    return fields && !fields->empty() ? fields->front() : Field{};
}

TEST(HbaText, CutsALineIntoFieldsAtBlanksAndAFieldIntoTokensAtCommas) {
    const auto fields = fields_of("host\tall,postgres  app , other\r 10.0.0.1/32 trust # why, not", "f", no_file);
    ASSERT_TRUE(fields);
    // A comma after a blank opens the next field's list: it joins nothing.
    const std::vector<Field> expected{{{"host"}},  {{"all"}, {"postgres"}}, {{"app"}},
                                      {{"other"}}, {{"10.0.0.1/32"}},       {{"trust"}}};
    EXPECT_EQ(*fields, expected);
}

TEST(HbaText, AQuoteCountsOnlyWhereTheTokenBegins) {
    EXPECT_EQ(first_field("\"all\" x"), (Field{{"all", true}}));
    EXPECT_EQ(first_field("a\"l\"l x"), (Field{{"all", false}}));
    EXPECT_EQ(first_field("\"\"all x"), (Field{{"all", true}}));
    EXPECT_EQ(first_field("\"\" x"), (Field{{"", true}}));
}

TEST(HbaText, KeepsBlanksCommasAndCommentSignsInsideOfQuotes) {
    EXPECT_EQ(first_field("\"a b,c#d\"e,\"f\""), (Field{{"a b,c#de", true}, {"f", true}}));
}

TEST(HbaText, TwoQuotesInsideOfQuotesAreOne) {
    EXPECT_EQ(first_field("\"say \"\"x\"\"\""), (Field{{"say \"x\"", true}}));
    EXPECT_EQ(first_field("\"\"\"\""), (Field{{"\"", true}}));
}

TEST(HbaText, AQuoteThatIsNotClosedGoesToTheEndOfTheLine) {
    EXPECT_EQ(first_field("\"a # b"), (Field{{"a # b", true}}));
}

TEST(HbaText, ACommentOrAnEmptyLineHasNoField) {
    EXPECT_TRUE(fields_of("  # host all", "f", no_file)->empty());
    EXPECT_TRUE(fields_of(" , \t", "f", no_file)->empty());
}

TEST(HbaText, NumbersLinesByTheirFirstWhereABackslashContinuesThem) {
    const auto lines = logical_lines("one\ntwo \\\nmore\\\r\nend\n\nfive\\\\\n\nlast");
    const std::map<int, std::string> expected{{1, "one"}, {2, "two moreend"}, {5, ""}, {6, "five\\"}, {8, "last"}};
    EXPECT_EQ(lines, expected);
}

TEST(HbaText, TakesNamesFromAFileBesideTheFileThatNamesIt) {
    std::vector<std::string> asked;
    const auto read_file = [&](const std::string &path) -> std::optional<std::string> {
        asked.push_back(path);
        return path == "/etc/names" ? "one, \"all\"\n@/abs # deeper\n" : "two\n";
    };
    const auto fields = fields_of("host @names,x all", "/etc/pg_hba.conf", read_file);
    ASSERT_TRUE(fields);
    EXPECT_EQ(fields->at(1), (Field{{"one"}, {"all", true}, {"two"}, {"x"}}));
    EXPECT_EQ(asked, (std::vector<std::string>{"/etc/names", "/abs"}));
}

TEST(HbaText, AnAtSignInQuotesIsPartOfAName) {
    EXPECT_EQ(first_field("\"@names\""), (Field{{"@names", true}}));
}

TEST(HbaText, AFileThatCannotBeReadOrNamesItselfForEverLeavesNothingToGoBy) {
    EXPECT_FALSE(fields_of("host @names all", "f", no_file));
    EXPECT_FALSE(
        fields_of("host @names all", "f", [](const std::string &) { return std::optional<std::string>("@names"); }));
}

TEST(HbaText, AQuotedTokenIsReadAsItWas) {
    const std::string name = "a \"b\", #c";
    EXPECT_EQ(first_field(quote_token(name)), (Field{{name, true}}));
}

}  // namespace
}  // namespace pgaf::hba
