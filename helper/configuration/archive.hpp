#pragma once

#include <string>

#include "configuration/conf_edit.hpp"
#include "postgres/connection.hpp"

// A new cluster's WAL must not go where the old one's is: its system identifier is another, and its
// file names begin again. What shall be done instead is the operator's choice (Options::archive).
namespace pgaf {

// How the server archives, in words; empty when it does not.
[[nodiscard]] std::string archiving_of(Connection &server);

// "" and "keep" change nothing; "pause" keeps all WAL until the operator sets a command; any other choice
// is the new archive_command.
[[nodiscard]] ParameterChanges archive_changes(const std::string &choice);

}  // namespace pgaf
