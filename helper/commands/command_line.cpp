#include "commands/command_line.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "system/suggestion.hpp"
#include "system/words.hpp"

namespace pgaf {

namespace {

constexpr const char *kHintForFile = "\"man pgaf-upgrade.conf\" describes all settings.";

using Texts = std::map<const OptionRow *, std::vector<std::string>>;

std::string hint_for(const std::string &command) {
    return command.empty() ? "\"pgaf-upgrade help\" lists the commands and the options."
                           : fmt::format("\"pgaf-upgrade help {}\" lists the options.", command);
}

// The error with another message and, after its own hint, another one.
HelperError with(const HelperError &error, const std::string &before, const std::string &hint) {
    return {error.code(), before + error.what(), error.hint() + hint};
}

// The parser only takes the words apart: what they mean is the table's.
class Parser {
  public:
    Parser() {
        app_.set_help_flag();
        app_.fallthrough();
        app_.allow_extras();
        app_.require_subcommand(0, 1);
        add_options(app_, "");
        for (const auto &command : all_commands()) {
            add_options(*app_.add_subcommand(command.name), command.name);
        }
    }

    // Throws HelperError(Usage) for words that belong to nothing.
    void parse(std::vector<std::string> arguments) {
        std::ranges::for_each(arguments, refuse_value_of_flag);
        std::ranges::reverse(arguments);  // as CLI11 wants them
        try {
            app_.parse(std::move(arguments));
        } catch (const CLI::ArgumentMismatch &error) {
            const std::string message = error.what();
            throw HelperError(ExitCode::Usage, message.substr(0, message.find(':')) + " needs a value",
                              hint_for(command()));
        } catch (const CLI::ParseError &error) {
            throw HelperError(ExitCode::Usage, error.what(), hint_for(command()));
        }
        if (const auto rest = app_.remaining(true); !rest.empty()) {
            refuse(rest.front());
        }
    }

    [[nodiscard]] std::string command() const {
        const auto found = app_.get_subcommands();
        return found.empty() ? "" : found.front()->get_name();
    }

    [[nodiscard]] const Texts &texts() const { return texts_; }

  private:
    void add_options(CLI::App &app, const std::string &command) {
        for (const auto *option : options_of(command)) {
            const auto names = (option->letter != 0 ? fmt::format("-{},", option->letter) : "") +
                               (option->is_positional ? option->name : "--" + option->name) +
                               (option->has_negation ? ",!--no-" + option->name : "");
            if (option->value.empty()) {
                app.add_flag_function(
                    names, [this, option](std::int64_t count) { texts_[option] = {count > 0 ? "true" : "false"}; });
            } else {
                auto *const added = app.add_option_function<std::vector<std::string>>(
                    names, [this, option](const std::vector<std::string> &given) { texts_[option] = given; });
                added->allow_extra_args(false);  // or a mistyped command would be one more value
            }
        }
    }

    // CLI11 takes some, and has each release refuse the others in its own way.
    static void refuse_value_of_flag(const std::string &argument) {
        const auto name = argument.substr(0, argument.find('='));
        for (const auto &option : all_options()) {
            if (name != argument && option.value.empty() && name == shown_name(option)) {
                throw HelperError(ExitCode::Usage, fmt::format("{} takes no value", name), hint_for(option.command));
            }
        }
    }

    [[noreturn]] void refuse(const std::string &word) const {
        if (word.starts_with("-")) {
            refuse_option(word.substr(0, word.find('=')));
        }
        if (command().empty()) {
            throw HelperError(ExitCode::Usage, fmt::format("there is no command \"{}\"", word),
                              did_you_mean(word, names_of_commands()) + hint_for(""));
        }
        throw HelperError(ExitCode::Usage, fmt::format("unexpected argument \"{}\"", word), hint_for(command()));
    }

    [[noreturn]] void refuse_option(const std::string &word) const {
        std::vector<std::string> known;
        std::vector<std::string> owners;
        for (const auto &option : all_options()) {
            if (option.command.empty() || option.command == command()) {
                known.push_back(shown_name(option));
            } else if (shown_name(option) == word) {
                owners.push_back(option.command);
            }
        }
        const auto hint = owners.empty() ? did_you_mean(word, known)
                                         : fmt::format("It is an option of {}. ", in_one_line(owners, "and"));
        throw HelperError(ExitCode::Usage,
                          command().empty() ? fmt::format("there is no option \"{}\"", word)
                                            : fmt::format("{} has no option \"{}\"", command(), word),
                          hint + hint_for(command()));
    }

    CLI::App app_;
    Texts texts_;
};

std::string text_of(const Texts &texts, const std::string &name, const std::string &otherwise) {
    const auto found = std::ranges::find_if(texts, [&](const auto &text) { return text.first->name == name; });
    return found == texts.end() ? otherwise : found->second.front();
}

bool is_given(const Texts &texts, const std::string &name) {
    return !text_of(texts, name, "").empty();
}

void require_what_belongs_together(const std::string &command, const Texts &texts) {
    for (const auto *option : options_of(command)) {
        if (option->is_required && !texts.contains(option)) {
            throw HelperError(ExitCode::Usage, fmt::format("{} needs --{} {}", command, option->name, option->value),
                              hint_for(command));
        }
        if (!texts.contains(option)) {
            continue;
        }
        for (const auto &other : option->excludes) {
            if (is_given(texts, other)) {
                throw HelperError(ExitCode::Usage,
                                  fmt::format("--{} and --{} cannot be used together", option->name, other),
                                  hint_for(command));
            }
        }
        for (const auto &other : option->needs) {
            if (!is_given(texts, other)) {
                throw HelperError(ExitCode::Usage, fmt::format("--{} needs --{}", option->name, other),
                                  hint_for(command));
            }
        }
    }
}

void read_environment(Given &given) {
    for (const auto &option : all_options()) {
        const char *text = option.environment.empty() ? nullptr : std::getenv(option.environment.c_str());
        if (text != nullptr && *text != '\0') {
            set_value(option, given, {text}, option.environment);
        }
    }
}

const OptionRow *setting_named(const std::string &name) {
    std::vector<std::string> known;
    for (const auto &option : all_options()) {
        if (option.is_setting && option.name == name) {
            return &option;
        }
        if (option.is_setting) {
            known.push_back(option.name);
        }
    }
    throw HelperError(ExitCode::Usage, fmt::format("there is no setting \"{}\"", name), did_you_mean(name, known));
}

void read_file(const std::string &path, Given &given) {
    std::set<std::string> seen;
    std::error_code none;
    try {
        if (std::filesystem::is_directory(path, none)) {
            throw CLI::FileError::Missing(path);
        }
        for (const auto &item : CLI::ConfigTOML().from_file(path)) {
            if (item.name == "++" || item.name == "--") {
                continue;  // the parser's signs for a section's begin and end
            }
            const auto *option = setting_named(item.fullname());
            if (!seen.insert(option->name).second) {
                throw HelperError(ExitCode::Usage, fmt::format("the setting \"{}\" is there twice", option->name));
            }
            set_value(*option, given, item.inputs, option->name);
        }
    } catch (const HelperError &error) {
        throw with(error, fmt::format("in \"{}\": ", path), kHintForFile);
    } catch (const CLI::Error &error) {
        throw HelperError(ExitCode::Usage, fmt::format("could not read \"{}\"", path),
                          "Name a file that exists and that you may read with --config.");
    }
}

}  // namespace

Request request_of(const std::vector<std::string> &arguments) {
    Parser parser;
    parser.parse(arguments);
    const auto command = parser.command();
    const auto &texts = parser.texts();
    if (is_given(texts, "help")) {
        Request help{.command = command_named("help"), .given = {}};
        help.given.help_for = command;
        return help;
    }
    if (command.empty()) {
        throw HelperError(ExitCode::Usage, "a command is missing", hint_for(""));
    }
    require_what_belongs_together(command, texts);
    Request request{.command = command_named(command), .given = {}};
    read_environment(request.given);
    const auto file = text_of(texts, "config", kConfigurationFile);
    std::error_code none;
    if (is_given(texts, "config") || std::filesystem::exists(file, none)) {
        read_file(file, request.given);
    }
    for (const auto &[option, values] : texts) {
        if (option->field) {
            try {
                set_value(*option, request.given, values, shown_name(*option));
            } catch (const HelperError &error) {
                throw with(error, "", hint_for(command));
            }
        }
    }
    return request;
}

}  // namespace pgaf
