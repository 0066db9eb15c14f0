#include "run/warnings.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/claims.hpp"
#include "core/reports.hpp"

namespace pgaf {
namespace {

TEST(Warnings, AreWhatTheMonitorTakesWhateverTheirTextsAre) {
    Warnings warnings;
    warnings.add(
        "index gr\xf6\xdf"
        "e",
        "two\nlines \x1b[2J", "");
    warnings.add(std::string(100000, 'x'), std::string(100000, '\x1b'), "ANALYZE t;");
    for (int number = 0; number < 1000; ++number) {
        warnings.add("table " + std::to_string(number), std::string(1000, 'e'), std::string(1000, 'r'));
    }
    const nlohmann::json result{{"warnings", warnings.json()}};
    EXPECT_NO_THROW(claims::require_result("statistics", result.dump()));
    EXPECT_EQ(result.at("warnings").size(), 201U);
    EXPECT_EQ(result.at("warnings").back().at("object"), "802 more");
    EXPECT_EQ(result.at("warnings").front().at("error"), "two lines \\x1b[2J");
}

TEST(Warnings, AreTakenInNoOtherForm) {
    for (const auto *result :
         {R"({"warnings": {}})", R"({"warnings": [{}]})", R"({"warnings": [{"object": "t", "error": "no"}]})",
          R"({"warnings": [{"object": "t", "error": "no", "remedy": 7}]})",
          R"({"warnings": [{"object": "t", "error": "no\n", "remedy": "r"}]})"}) {
        EXPECT_ANY_THROW(claims::require_result("statistics", result)) << result;
    }
    EXPECT_NO_THROW(claims::require_result("statistics", R"({"warnings": []})"));
    EXPECT_NO_THROW(
        claims::require_result("verify", R"({"warnings": [{"object": "t", "error": "no", "remedy": "r"}]})"));
}

TEST(Warnings, AreALineForPeople) {
    Warnings warnings;
    EXPECT_EQ(warnings_in_words({{"warnings", warnings.json()}}), "");
    EXPECT_EQ(warnings_in_words(nlohmann::json::object()), "");
    warnings.add("table t", "it is broken", "Mend it.");
    EXPECT_EQ(warnings_in_words({{"warnings", warnings.json()}}), "1 warning: table t: it is broken");
    warnings.add("table u", "it is broken", "Mend it.");
    EXPECT_EQ(warnings_in_words({{"warnings", warnings.json()}}), "2 warnings: table t: it is broken");
}

}  // namespace
}  // namespace pgaf
