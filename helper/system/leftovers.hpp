#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace pgaf {

// A helper that is killed leaves the programs that it had started: a pg_upgrade that goes on, a server
// that only it knew of. Each bears a mark in its environment, by which the next helper ends it before it
// looks how far things came.

// From now on every child is marked as of this node's helper. Once, before the first child.
void mark_children_of(const std::filesystem::path &work_dir);
[[nodiscard]] const std::string &child_mark();  // "NAME=VALUE", empty before mark_children_of

// Ends what an earlier helper of this node has left: servers by a fast shutdown, so that their data is
// whole, everything else at once. Returns how many processes there were. To be called by who holds the
// node's lock. Throws HelperError(TimedOut) when something does not end.
int end_leftovers();

// Of other processes, those that work in the directory or below it, as far as we may see it.
[[nodiscard]] std::vector<pid_t> processes_in(const std::filesystem::path &directory);

// Ends at once whatever works in a directory that is to be removed, or below it.
void end_processes_in(const std::filesystem::path &directory);

}  // namespace pgaf
