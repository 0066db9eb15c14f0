#pragma once

#include <string>
#include <string_view>

namespace pgaf {

// A text that leaves the node, without the values that may hold a password: of the settings that are commands or
// connection strings, of whatever is called a password, and of what a server's log says of an archive command. In their
// place is the beginning of their SHA-256, by which two can be compared: `archive_command = (SHA-256 1a2b3c4d5e6f…)`.
[[nodiscard]] std::string without_secrets(std::string_view text);

}  // namespace pgaf
