#pragma once

#include <string>
#include <vector>

#include "commands/options.hpp"
#include "system/error.hpp"

namespace pgaf {

// Texts are plain, with `backquotes` around what one types.
struct CommandRow {
    std::string name;
    std::string summary;  // for --help: begins with a verb, less than 60 characters
    std::string manual;   // for the manual page: sentences
    ExitCode (*perform)(const Options &, const Given &);
    bool is_of_node = true;  // looks for a node on this host
};

[[nodiscard]] const std::vector<CommandRow> &all_commands();

// Null for a name that no command has.
[[nodiscard]] const CommandRow *command_named(const std::string &name);

[[nodiscard]] std::vector<std::string> names_of_commands();

}  // namespace pgaf
