#pragma once

#include <string>

#include "commands/options.hpp"
#include "system/error.hpp"

namespace pgaf {

// As text in at most 80 columns: of the whole program, or of one command. Throws HelperError(Usage) for a name that no
// command has.
[[nodiscard]] std::string help_text(const std::string &command);

// An option as it stands in help and reference, "--jobs NUMBER", "-h, --help", "--amcheck, --no-amcheck".
[[nodiscard]] std::string option_term(const OptionRow &option);

// "default: 7", or in words, with the variable that goes before it; empty when there is nothing to say.
[[nodiscard]] std::string default_in_words(const OptionRow &option);

// All commands, options and exit codes, for programs.
[[nodiscard]] std::string help_as_json();

// Throws HelperError(Usage) as help_text() does.
ExitCode command_help(const std::string &command, bool as_json);

}  // namespace pgaf
