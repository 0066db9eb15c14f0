#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "commands/command_table.hpp"
#include "commands/help.hpp"
#include "commands/options.hpp"

namespace pgaf {
namespace {

std::string where(const OptionRow &option) {
    return option.command + " " + shown_name(option);
}

// The options that an option names are its command's own.
void expect_siblings(const OptionRow &option, const std::vector<std::string> &names) {
    for (const auto &name : names) {
        const auto own = options_of(option.command);
        EXPECT_TRUE(std::ranges::any_of(own, [&](const auto *other) { return other->name == name; }))
            << where(option) << " names " << name;
    }
}

TEST(TableOfOptions, EachHasItsTexts) {
    for (const auto &option : all_options()) {
        EXPECT_TRUE(!option.summary.empty() && std::isupper(static_cast<unsigned char>(option.summary.front())))
            << where(option);
        EXPECT_LT(option.summary.size(), 60) << where(option);
        EXPECT_NE(option.summary.back(), '.') << where(option);
        EXPECT_TRUE(!option.manual.empty() && option.manual.back() == '.') << where(option);
        EXPECT_EQ(std::ranges::count(option.manual, '`') % 2, 0) << where(option);
    }
}

TEST(TableOfOptions, EachNameIsThereOnce) {
    std::set<std::string> seen;
    for (const auto &option : all_options()) {
        EXPECT_TRUE(seen.insert(where(option)).second) << where(option);
        EXPECT_TRUE(option.command.empty() || command_named(option.command) != nullptr) << where(option);
        EXPECT_FALSE(!option.command.empty() && seen.contains(" " + shown_name(option))) << where(option);
    }
}

TEST(TableOfOptions, SettingsAreOptionsOfAllCommandsWithAVariable) {
    for (const auto &option : all_options()) {
        EXPECT_TRUE(!option.is_setting || (option.command.empty() && option.field)) << where(option);
        EXPECT_TRUE(option.environment.empty() || option.is_setting) << where(option);
        // an example of a configuration file has a value for each
        EXPECT_TRUE(!option.is_setting || !typed_value(option, {}).empty() || !option.example.empty()) << where(option);
    }
}

TEST(TableOfOptions, WhatAnOptionNamesIsThere) {
    for (const auto &option : all_options()) {
        expect_siblings(option, option.excludes);
        expect_siblings(option, option.needs);
    }
}

// What is valid for the option, and something else that is not.
std::pair<std::string, std::string> values_of(const OptionRow &option) {
    if (!option.choices.empty()) {
        return {option.choices.back(), "none of these"};
    }
    if (option.range) {
        return {option.range->is_above ? "0.5" : std::to_string(static_cast<int>(option.range->least)), "-1"};
    }
    return option.value.empty() ? std::pair{"true", "perhaps"} : std::pair{"some", ""};
}

TEST(TableOfOptions, EachTakesItsValues) {
    for (const auto &option : all_options()) {
        if (!option.field) {
            continue;
        }
        const auto [valid, invalid] = values_of(option);
        Given given;
        set_value(option, given, {valid}, "it");
        EXPECT_EQ(typed_value(option, given), valid) << where(option);
        if (!invalid.empty()) {
            EXPECT_THROW(set_value(option, given, {invalid}, "it"), HelperError) << where(option);
            EXPECT_EQ(typed_value(option, given), valid) << where(option);
        }
    }
}

TEST(TableOfOptions, DefaultsAreValid) {
    for (const auto &option : all_options()) {
        const auto text = default_of(option);
        EXPECT_TRUE(text.empty() || !option.range || option.range->has(text)) << where(option);
        EXPECT_TRUE(text.empty() || option.choices.empty() || std::ranges::count(option.choices, text) == 1)
            << where(option);
    }
}

TEST(TableOfOptions, NumbersAreWithinTheirRange) {
    const Range jobs{.least = 1, .most = 64};
    EXPECT_EQ(jobs.words(), "a whole number from 1 to 64");
    for (const auto *text : {"1", "64", "007"}) {
        EXPECT_TRUE(jobs.has(text)) << text;
    }
    for (const auto *text : {"0", "65", "2.5", "-3", "1e1", "", " 1", "1 ", "99999999999999999999", "one"}) {
        EXPECT_FALSE(jobs.has(text)) << text;
    }
    const Range factor{.least = 0, .most = 1e300, .is_whole = false, .is_above = true};
    EXPECT_EQ(factor.words(), "a number above 0");
    for (const auto *text : {"0.5", "2", "1e2"}) {
        EXPECT_TRUE(factor.has(text)) << text;
    }
    for (const auto *text : {"0", "-1", "nan", "inf", "2x"}) {
        EXPECT_FALSE(factor.has(text)) << text;
    }
}

TEST(TableOfOptions, TheRefusedLimitIsNoneOrSecondsFromOneOn) {
    const auto options = options_of("");
    const auto limit = std::ranges::find(options, "refused-limit", &OptionRow::name);
    ASSERT_NE(limit, options.end());
    Given given;
    EXPECT_FALSE(given.options.refused_limit_s.has_value());
    for (const auto *text : {"0", "-5", "2.5", "soon", ""}) {
        EXPECT_THROW(set_value(**limit, given, {text}, "it"), HelperError) << text;
        EXPECT_FALSE(given.options.refused_limit_s.has_value()) << text;
    }
    set_value(**limit, given, {"60"}, "it");
    EXPECT_EQ(given.options.refused_limit_s, 60);
}

TEST(TableOfCommands, EachHasItsTexts) {
    for (const auto &command : all_commands()) {
        EXPECT_TRUE(!command.summary.empty() && command.summary.size() < 60) << command.name;
        EXPECT_TRUE(!command.manual.empty() && command.manual.back() == '.') << command.name;
        EXPECT_NE(command.perform, nullptr) << command.name;
        EXPECT_EQ(command_named(command.name), &command);
    }
    EXPECT_EQ(command_named("nonsense"), nullptr);
}

TEST(Help, HasEveryCommandAndOptionInNarrowLines) {
    const auto general = help_text("");
    for (const auto &command : all_commands()) {
        EXPECT_NE(general.find("\n  " + command.name + " "), std::string::npos) << command.name;
        const auto own = help_text(command.name);
        for (const auto &option : all_options()) {
            const bool is_there = own.find("\n  " + option_term(option)) != std::string::npos;
            EXPECT_TRUE(is_there || (option.command != command.name && !option.command.empty())) << where(option);
        }
        for (std::size_t begin = 0, end = 0; (end = own.find('\n', begin)) != std::string::npos; begin = end + 1) {
            EXPECT_LE(end - begin, 80) << own.substr(begin, end - begin);
        }
    }
}

TEST(Help, TellsTheDefault) {
    const auto text = help_text("migrate");
    EXPECT_NE(text.find("--jobs NUMBER"), std::string::npos);
    EXPECT_NE(text.find("(default: 2)"), std::string::npos);
    EXPECT_THROW(static_cast<void>(help_text("nonsense")), HelperError);
}

}  // namespace
}  // namespace pgaf
