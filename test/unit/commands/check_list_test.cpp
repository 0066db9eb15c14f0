#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "checks/check.hpp"
#include "commands/check_list.hpp"
#include "contains.hpp"

namespace pgaf {
namespace {

TEST(ListOfChecks, IsALineACheckWhereThereIsNoTerminal) {
    const auto text = check_list(0);
    EXPECT_EQ(std::ranges::count(text, '\n'), static_cast<std::ptrdiff_t>(all_checks().size() + 1));
    EXPECT_TRUE(text.starts_with("CHECK "));
    for (const auto &check : all_checks()) {
        EXPECT_TRUE(contains(text, "\n" + check.name + " ")) << check.name;
        EXPECT_TRUE(contains(text, check.meaning + "\n")) << check.name;
    }
}

TEST(ListOfChecks, KeepsWithinTheTerminal) {
    const auto text = check_list(140);
    for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
        EXPECT_LE(end - begin, 140) << text.substr(begin, end - begin);
    }
}

TEST(ListOfChecks, IsThereForPrograms) {
    const auto list = nlohmann::json::parse(check_list_as_json());
    EXPECT_EQ(list.at("schema_version"), 1);
    ASSERT_EQ(list.at("checks").size(), all_checks().size());
    for (const auto &check : list.at("checks")) {
        EXPECT_FALSE(check.at("where").empty()) << check;
        EXPECT_FALSE(check.at("meaning").get<std::string>().empty()) << check;
        // what closes nothing needs no waiver
        EXPECT_TRUE(check.at("blocks_approval") || !check.at("can_be_waived")) << check;
        EXPECT_EQ(check.at("blocks_approval"), check.at("severity") == "error") << check;
    }
}

}  // namespace
}  // namespace pgaf
