#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "commands/options.hpp"
#include "system/error.hpp"
#include "system/suggestion.hpp"
#include "system/words.hpp"

namespace pgaf {

namespace {

// true or false, however a configuration file has it; nothing for another word.
std::optional<bool> truth_of(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char letter) { return std::tolower(letter); });
    for (const auto *yes : {"true", "on", "yes", "1"}) {
        if (text == yes) {
            return true;
        }
    }
    for (const auto *no : {"false", "off", "no", "0"}) {
        if (text == no) {
            return false;
        }
    }
    return std::nullopt;
}

HelperError invalid(const std::string &text, const std::string &name, const std::string &wanted,
                    const std::string &hint = {}) {
    return {ExitCode::Usage, fmt::format("invalid value \"{}\" for {}: it must be {}", text, name, wanted), hint};
}

void require_valid(const OptionRow &option, const std::string &text, const std::string &name) {
    if (option.range && !option.range->has(text)) {
        throw invalid(text, name, option.range->words());
    }
    if (!option.choices.empty() && std::ranges::find(option.choices, text) == option.choices.end()) {
        throw invalid(text, name, in_one_line(option.choices, "or"), did_you_mean(text, option.choices));
    }
}

template <typename Number>
Number number_in(const std::string &text) {
    Number number{};
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

void assign(bool &variable, const std::string &text) {
    variable = *truth_of(text);
}

void assign(int &variable, const std::string &text) {
    variable = number_in<int>(text);
}

void assign(double &variable, const std::string &text) {
    variable = number_in<double>(text);
}

void assign(std::optional<std::int64_t> &variable, const std::string &text) {
    variable = number_in<std::int64_t>(text);
}

void assign(std::string &variable, const std::string &text) {
    variable = text;
}

void assign(std::filesystem::path &variable, const std::string &text) {
    variable = text;
}

std::string typed(bool value) {
    return value ? "true" : "false";
}

std::string typed(const std::filesystem::path &value) {
    return value.string();
}

std::string typed(const std::vector<std::string> &values) {
    return fmt::format("{}", fmt::join(values, ","));
}

std::string typed(const std::optional<std::int64_t> &value) {
    return value ? fmt::format("{}", *value) : "";
}

template <typename T>
std::string typed(const T &value) {
    return fmt::format("{}", value);
}

}  // namespace

std::vector<const OptionRow *> options_of(const std::string &command) {
    std::vector<const OptionRow *> found;
    for (const auto &option : all_options()) {
        if (option.command == command) {
            found.push_back(&option);
        }
    }
    return found;
}

std::string shown_name(const OptionRow &option) {
    return option.is_positional ? option.value : "--" + option.name;
}

void set_value(const OptionRow &option, Given &given, const std::vector<std::string> &texts, const std::string &name) {
    std::visit(
        [&](auto *variable) {
            if constexpr (std::is_same_v<decltype(variable), std::vector<std::string> *>) {
                *variable = words_of(texts);
            } else {
                if (texts.empty()) {
                    throw HelperError(ExitCode::Usage, fmt::format("{} needs a value", name));
                }
                if (texts.size() > 1) {
                    throw HelperError(ExitCode::Usage, fmt::format("{} takes one value, not {}", name, texts.size()));
                }
                const auto &text = texts.front();
                if (std::is_same_v<decltype(variable), bool *> && !truth_of(text)) {
                    throw invalid(text, name, "true or false");
                }
                require_valid(option, text, name);
                assign(*variable, text);
            }
        },
        option.field(given));
}

std::string typed_value(const OptionRow &option, const Given &given) {
    auto copy = given;
    return option.field ? std::visit([](const auto *variable) { return typed(*variable); }, option.field(copy)) : "";
}

std::string default_of(const OptionRow &option) {
    return option.value.empty() || option.is_required ? "" : typed_value(option, {});
}

std::string Range::words() const {
    if (is_above) {
        return fmt::format("a number above {}", least);
    }
    return most >= std::numeric_limits<int>::max() ? fmt::format("a whole number, at least {}", least)
                                                   : fmt::format("a whole number from {} to {}", least, most);
}

bool Range::has(const std::string &text) const {
    double number = 0;
    const auto *const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    const bool is_number = error == std::errc() && rest == end && std::isfinite(number);
    const bool has_right_form = !is_whole || text.find_first_not_of("0123456789") == std::string::npos;
    return is_number && has_right_form && number <= most && (is_above ? number > least : number >= least);
}

}  // namespace pgaf
