#include <nlohmann/json.hpp>

#include "commands/command_table.hpp"
#include "commands/exit_codes.hpp"
#include "commands/help.hpp"
#include "core/version.hpp"

namespace pgaf {

namespace {

using nlohmann::ordered_json;

const char *to_string(Takes takes) {
    switch (takes) {
        case Takes::Text:
            return "text";
        case Takes::Directory:
            return "directory";
        case Takes::File:
            return "file";
        case Takes::Unit:
            return "unit";
        case Takes::User:
            return "user";
        case Takes::Check:
            return "check";
        case Takes::Command:
            return "command";
    }
    return "";
}

ordered_json text_or_null(const std::string &text) {
    return text.empty() ? ordered_json() : ordered_json(text);
}

ordered_json json_of(const OptionRow &option) {
    return {{"name", option.name},
            {"term", option_term(option)},
            {"value", text_or_null(option.value)},
            {"summary", option.summary},
            {"manual", option.manual},
            {"takes", to_string(option.takes)},
            {"range", option.range ? ordered_json(option.range->words()) : ordered_json()},
            {"choices", option.choices},
            {"suggestions", option.suggestions},
            {"default", text_or_null(option.value.empty() ? typed_value(option, {}) : default_of(option))},
            {"default_in_words", text_or_null(option.default_text)},
            {"example", text_or_null(option.example)},
            {"environment", text_or_null(option.environment)},
            {"setting", option.is_setting},
            {"required", option.is_required},
            {"positional", option.is_positional},
            {"negation", option.has_negation}};
}

ordered_json json_of_options(const std::string &command) {
    auto options = ordered_json::array();
    for (const auto *option : options_of(command)) {
        options.push_back(json_of(*option));
    }
    return options;
}

}  // namespace

std::string help_as_json() {
    auto commands = ordered_json::array();
    for (const auto &command : all_commands()) {
        commands.push_back({{"name", command.name},
                            {"summary", command.summary},
                            {"manual", command.manual},
                            {"options", json_of_options(command.name)}});
    }
    auto codes = ordered_json::array();
    for (const auto &row : all_exit_codes()) {
        codes.push_back(
            {{"code", static_cast<int>(row.code)}, {"meaning", row.meaning}, {"remedy", text_or_null(row.remedy)}});
    }
    return ordered_json{{"schema_version", 1},
                        {"version", kVersion},
                        {"commands", commands},
                        {"options", json_of_options("")},
                        {"exit_codes", codes}}
               .dump(2) +
           "\n";
}

}  // namespace pgaf
