#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "migrate/options.hpp"
#include "node/node.hpp"

// All options of pgaf-upgrade, as one table: the command line, the configuration file and the help are made of it.
namespace pgaf {

// What was given on the command line, in the configuration file and in the environment.
struct Given {
    Options options;
    MigrateOptions migrate;
    bool lists_checks = false;
    std::string help_for;  // a command
};

// The variable that an option fills.
using Variable = std::variant<bool *, int *, double *, std::optional<std::int64_t> *, std::string *,
                              std::filesystem::path *, std::vector<std::string> *>;
using Field = std::function<Variable(Given &)>;

// What completion can offer as a value.
enum class Takes { Text, Directory, File, Unit, User, Check, Command };

struct Range {
    double least;
    double most;
    bool is_whole = true;
    bool is_above = false;  // `least` itself is too little

    [[nodiscard]] std::string words() const;  // "a whole number from 1 to 64"
    [[nodiscard]] bool has(const std::string &text) const;
};

// Texts are plain, with `backquotes` around what one types.
struct OptionRow {
    std::string command = {};  // empty: before or after any command
    std::string name = {};     // without the dashes
    std::string value = {};    // its placeholder, as DIR; empty: a flag, which takes none
    Field field = {};          // none: --help and --config, which the parser looks at itself
    std::string summary = {};  // for --help: begins with a verb, less than 60 characters
    std::string manual = {};   // for the manual page: sentences
    Takes takes = Takes::Text;
    std::optional<Range> range = {};
    std::vector<std::string> choices = {};      // no other value is valid
    std::vector<std::string> suggestions = {};  // other values are valid, too
    std::string environment = {};               // the variable that is used in its place
    bool is_setting = false;                    // may stand in the configuration file
    bool is_required = false;
    bool is_positional = false;
    bool has_negation = false;               // --no-NAME, against the configuration file
    std::string default_text = {};           // in words, for a value that is found; else the default is the field's own
    std::string example = {};                // for the configuration file, where there is no default
    std::vector<std::string> excludes = {};  // options of the same command
    std::vector<std::string> needs = {};
    char letter = 0;  // -h
};

[[nodiscard]] const std::vector<OptionRow> &all_options();

// Of one command; "": those of all commands.
[[nodiscard]] std::vector<const OptionRow *> options_of(const std::string &command);

// As people type it: --jobs, or COMMAND where it has no dashes.
[[nodiscard]] std::string shown_name(const OptionRow &option);

// Puts a value into the option's variable; a list takes several, which commas may separate, a flag "true" or "false".
// `name` is what an error calls the option. Throws HelperError(Usage).
void set_value(const OptionRow &option, Given &given, const std::vector<std::string> &texts, const std::string &name);

// The value of the option's variable, as one would type it; empty without a variable.
[[nodiscard]] std::string typed_value(const OptionRow &option, const Given &given);

// What is used when nothing is given; empty when there is no such value.
[[nodiscard]] std::string default_of(const OptionRow &option);

constexpr const char *kConfigurationFile = "/etc/pgaf-upgrade.conf";

}  // namespace pgaf
