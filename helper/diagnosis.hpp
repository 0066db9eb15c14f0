#pragma once

#include <string>

#include "connection.hpp"
#include "node.hpp"

// What is behind a wait that does not end, in one line for people; empty when nothing is found. None of
// these throws.
namespace pgaf {

// Who waits in a server for whom: sessions that have waited for some seconds, what for, and who holds it, or
// else who else is connected.
[[nodiscard]] std::string describe_waits(const std::string &conninfo, const Owner &owner);

// The processes of the node's server, by the titles that they give themselves: while it shuts down nobody
// can ask it.
[[nodiscard]] std::string describe_processes(const Node &node);

}  // namespace pgaf
