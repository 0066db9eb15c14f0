#include "system/document.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/steps.hpp"

namespace pgaf {
namespace {

template <typename Read>
std::string refusal_of(const nlohmann::json &value, const Read &read) {
    try {
        static_cast<void>(read(Document(value, "the answer")));
    } catch (const HelperError &error) {
        EXPECT_EQ(error.code(), ExitCode::Internal);
        return error.what();
    }
    return "";
}

TEST(Documents, GiveWhatIsThere) {
    const nlohmann::json value{{"text", "t"},         {"number", 1.5},    {"integer", -7},
                               {"yes", true},         {"none", nullptr},  {"list", {{{"a", 1}}, {{"a", 2}}}},
                               {"texts", {"x", "y"}}, {"role", "primary"}};
    const Document document(value, "the answer");
    EXPECT_EQ(document.text("text"), "t");
    EXPECT_EQ(document.number("number"), 1.5);
    EXPECT_EQ(document.number("integer"), -7);
    EXPECT_EQ(document.integer("integer"), -7);
    EXPECT_EQ(document.small_integer("integer"), -7);
    EXPECT_TRUE(document.boolean("yes"));
    EXPECT_EQ(document.maybe_text("none"), std::nullopt);
    EXPECT_EQ(document.maybe_number("none"), std::nullopt);
    EXPECT_EQ(document.maybe_integer("integer"), -7);
    EXPECT_EQ(document.maybe_small_integer("none"), std::nullopt);
    EXPECT_EQ(document.objects("list").at(1).integer("a"), 2);
    EXPECT_EQ(document.texts("texts"), (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(document.named("role", parse_role), Role::Primary);
    EXPECT_TRUE(document.has("text"));
    EXPECT_FALSE(document.has("none"));
    EXPECT_FALSE(document.has("nothing"));
}

TEST(Documents, NameWhatIsMissingByItsWholePath) {
    const nlohmann::json value{{"node", {{"id", 1}}}, {"list", {{{"a", 1}}, nlohmann::json::object()}}};
    EXPECT_EQ(refusal_of(value, [](const Document &all) { return all.text("run"); }), "the answer has no \"run\"");
    EXPECT_EQ(refusal_of(value, [](const Document &all) { return all.object("node").text("role"); }),
              "the answer has no \"node.role\"");
    EXPECT_EQ(refusal_of(value, [](const Document &all) { return all.objects("list").at(1).integer("a"); }),
              "the answer has no \"list[1].a\"");
}

TEST(Documents, NameWhatIsOfAnotherType) {
    const nlohmann::json value{{"run", "7"},  {"large", 5'000'000'000}, {"huge", 18'446'744'073'709'551'615U},
                               {"half", 0.5}, {"role", "arbiter"},      {"texts", {1}}};
    EXPECT_EQ(refusal_of(value, [](const Document &all) { return all.integer("run"); }),
              "the answer has \"run\" as string, not as an integer");
    EXPECT_EQ(refusal_of(value, [](const Document &all) { return all.boolean("run"); }),
              "the answer has \"run\" as string, not as true or false");
    EXPECT_EQ(refusal_of(value, [](const Document &all) { return all.object("run"); }),
              "the answer has \"run\", which is no object but string");
    EXPECT_EQ(refusal_of(value, [](const Document &all) { return all.objects("run"); }),
              "the answer has \"run\" as string, not as a list");
    EXPECT_EQ(refusal_of(value, [](const Document &all) { return all.small_integer("large"); }),
              "the answer has \"large\" as number, not as an integer of that size");
    EXPECT_EQ(refusal_of(value, [](const Document &all) { return all.integer("huge"); }),
              "the answer has \"huge\" as number, not as an integer");
    EXPECT_EQ(refusal_of(value, [](const Document &all) { return all.integer("half"); }),
              "the answer has \"half\" as number, not as an integer");
    EXPECT_EQ(refusal_of(value, [](const Document &all) { return all.named("role", parse_role); }),
              "the answer has an unknown \"role\": \"arbiter\"");
    EXPECT_EQ(refusal_of(value, [](const Document &all) { return all.texts("texts"); }),
              "the answer has \"texts\" as number, not as texts");
    EXPECT_EQ(refusal_of(nlohmann::json::array(), [](const Document & /*all*/) { return 0; }),
              "the answer is no object but array");
}

TEST(Documents, AreReadFromText) {
    std::int64_t run = 0;
    read_document(R"({"run": 7})", "the answer", [&](const Document &all) { run = all.integer("run"); });
    EXPECT_EQ(run, 7);
    for (const auto *text : {"", "{", "{\"run\": 7} {}", "\xff"}) {
        EXPECT_THROW(read_document(text, "the answer", [](const Document & /*all*/) {}), HelperError) << text;
    }
}

}  // namespace
}  // namespace pgaf
