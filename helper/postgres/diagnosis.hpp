#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "postgres/connection.hpp"

// What is behind a wait that does not end, in one line for people; empty when nothing is found. None of
// these throws.
namespace pgaf {

// Who waits in a server for whom: sessions that have waited for some seconds, what for, and who holds it, or
// else who else is connected.
[[nodiscard]] std::string describe_waits(const std::string &conninfo);

// The processes that a data directory's server has started, with the titles that they give themselves; not its first.
struct ServerProcess {
    pid_t pid = 0;
    std::string title;
};
[[nodiscard]] std::vector<ServerProcess> processes_of_server(const std::filesystem::path &data_dir);

// The same in words: nobody can ask a server that shuts down, and it does not know of those that are about to connect.
[[nodiscard]] std::string describe_processes(const std::filesystem::path &data_dir);

}  // namespace pgaf
