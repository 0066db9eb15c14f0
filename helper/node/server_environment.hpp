#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "node/node.hpp"

// What the server that serves was started with: variables and limits of its unit, its service manager or its shell. The
// new server gets the same from its first start on.
namespace pgaf {

// "NAME=VALUE" each, of the running server, else as it was kept; without what holds for that one process alone. Empty
// where neither is known.
[[nodiscard]] std::vector<std::string> server_environment(const Node &node);

// Keeps environment and limits of the running server for the time in which none runs.
void keep_server_environment(const Node &node);

// The environment as it was kept, with the directories of the other major's programs and libraries in the place of
// those of this one.
[[nodiscard]] std::vector<std::string> kept_environment(const Node &node, const std::filesystem::path &old_bindir,
                                                        const std::filesystem::path &bindir);

// Lines of /proc/PID/limits; empty where they were not kept.
[[nodiscard]] std::string kept_limits(const Node &node);

// The same for a shell that has been given no more: what it is not allowed stays as it is.
[[nodiscard]] std::string limits_in_shell(std::string_view limits);

// What programs need of it to start as the server does, and to load its libraries: nothing by which they would connect
// elsewhere, be found elsewhere or speak otherwise.
[[nodiscard]] std::vector<std::string> for_programs(std::vector<std::string> environment);

// The text with this major's directories of programs and libraries in the place of the other's.
[[nodiscard]] std::string with_directories_of(const std::string &text, const std::filesystem::path &old_bindir,
                                              const std::filesystem::path &bindir);

// Sets XDG_CONFIG_HOME and its like as the running pg_autoctl has them, or its unit, or what was kept beside PGDATA:
// they say where its files are. Without any of these the environment stays as it is. `pgdata` may be empty.
void adopt_environment_of_autoctl(const std::filesystem::path &pgdata);

}  // namespace pgaf
