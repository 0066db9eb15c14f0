#pragma once

#include <string>
#include <vector>

#include "commands/command_table.hpp"
#include "commands/options.hpp"

namespace pgaf {

struct Request {
    const CommandRow *command;
    Given given;

    // Whether it is about a node of this host.
    [[nodiscard]] bool is_of_node() const { return command->is_of_node && !given.lists_checks; }
};

// What is asked for: by the command line, before the configuration file, before the environment. The arguments are
// those after the program's name; --help is the command help. Throws HelperError(Usage).
[[nodiscard]] Request request_of(const std::vector<std::string> &arguments);

}  // namespace pgaf
