#pragma once

#include <string>
#include <string_view>

// pg_autoctl writes into a node's configuration while it serves: who takes part in replication, who is let in
// for it, and which standbys are waited for. What a person has written is told from that here.
namespace pgaf {

// A file that pg_autoctl makes and rewrites as a whole, by its name without directories.
[[nodiscard]] bool is_keepers_file(std::string_view name);

// The content without pg_autoctl's own lines. Of postgresql.auto.conf, which the server writes anew with each ALTER
// SYSTEM, what it sets, a line a parameter by their names.
[[nodiscard]] std::string without_keepers_lines(std::string_view name, std::string_view content);

}  // namespace pgaf
