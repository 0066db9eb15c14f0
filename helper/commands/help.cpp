#include "commands/help.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "commands/command_table.hpp"
#include "system/output.hpp"
#include "system/suggestion.hpp"
#include "view/text.hpp"

namespace pgaf {

namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kLongestTerm = 23;  // a longer one has its text on the next line

struct Entry {
    std::string term;
    std::string text;
};

std::string notes_of(const OptionRow &option) {
    std::vector<std::string> notes;
    if (!option.choices.empty()) {
        notes.push_back(fmt::format("{}", fmt::join(option.choices, ", ")));
    }
    if (option.is_required) {
        notes.emplace_back("required");
    }
    if (auto text = default_in_words(option); !text.empty()) {
        notes.push_back(std::move(text));
    }
    return notes.empty() ? "" : fmt::format(" ({})", fmt::join(notes, "; "));
}

std::vector<Entry> lines_of(const std::string &command) {
    std::vector<Entry> lines;
    for (const auto *option : options_of(command)) {
        lines.push_back({option_term(*option), option->summary + notes_of(*option)});
    }
    return lines;
}

std::string section(const std::string &heading, const std::vector<Entry> &lines) {
    std::size_t width = 0;
    for (const auto &line : lines) {
        width = line.term.size() > kLongestTerm ? width : std::max(width, line.term.size());
    }
    std::string text = fmt::format("\n{}:\n", heading);
    for (const auto &line : lines) {
        auto before = fmt::format("  {:<{}}  ", line.term, width);
        if (line.term.size() > width) {
            text += fmt::format("  {}\n", line.term);
            before = std::string(width + 4, ' ');
        }
        for (const auto &part : wrap(line.text, kColumns - width - 4)) {
            text += before + part + "\n";
            before = std::string(width + 4, ' ');
        }
    }
    return text;
}

std::string help_of_program() {
    std::vector<Entry> commands;
    for (const auto &command : all_commands()) {
        commands.push_back({command.name, command.summary});
    }
    return "Usage: pgaf-upgrade [OPTION...] COMMAND [OPTION...]\n\n"
           "Upgrades this node of a pg_auto_failover cluster, together with the other nodes.\n" +
           section("Commands", commands) + section("Options, before or after any command", lines_of("")) +
           "\n\"pgaf-upgrade help COMMAND\" lists the options of a command.\n";
}

std::string help_of(const CommandRow &command) {
    std::string usage = fmt::format("Usage: pgaf-upgrade {}", command.name);
    for (const auto *option : options_of(command.name)) {
        usage += option->is_required     ? fmt::format(" --{} {}", option->name, option->value)
                 : option->is_positional ? fmt::format(" [{}]", option->value)
                                         : "";
    }
    const auto own = lines_of(command.name);
    return usage + " [OPTION...]\n\n" + command.summary + ".\n" + (own.empty() ? "" : section("Options", own)) +
           section("Options of all commands", lines_of(""));
}

}  // namespace

std::string option_term(const OptionRow &option) {
    if (option.is_positional) {
        return option.value;
    }
    return (option.letter != 0 ? fmt::format("-{}, ", option.letter) : "") + "--" + option.name +
           (option.has_negation ? ", --no-" + option.name : "") + (option.value.empty() ? "" : " " + option.value);
}

std::string default_in_words(const OptionRow &option) {
    const auto text = option.default_text.empty() ? default_of(option) : option.default_text;
    if (option.environment.empty()) {
        return text.empty() ? "" : "default: " + text;
    }
    return fmt::format("default: ${}, else {}", option.environment, text);
}

std::string help_text(const std::string &command) {
    if (command.empty()) {
        return help_of_program();
    }
    const auto *row = command_named(command);
    if (row == nullptr) {
        throw HelperError(ExitCode::Usage, fmt::format("there is no command \"{}\"", command),
                          did_you_mean(command, names_of_commands()) + "\"pgaf-upgrade help\" lists the commands.");
    }
    return help_of(*row);
}

ExitCode command_help(const std::string &command, bool as_json) {
    write_output("-", as_json ? help_as_json() : help_text(command));
    return ExitCode::Done;
}

}  // namespace pgaf
