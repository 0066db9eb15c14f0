#pragma once

#include <string>
#include <vector>

#include "core/node_name.hpp"
#include "src/run.hpp"
#include "src/store.hpp"

// Nodes that a function is given by id, name or formation/name.
namespace pgaf {

std::vector<NamedNode> named(const std::vector<store::ClusterNode> &cluster);
std::vector<NamedNode> named(const RunPlan &plan);

// Throws Error when the text means no node or several; `list` tells how to see those that there are.
NamedNode require_node(const std::vector<NamedNode> &nodes, const std::string &text, const std::string &list);

// For the nodes that the monitor has now.
inline constexpr const char *kListOfNodes = "SELECT nodeid, formationid, nodename FROM pgautofailover.node";

}  // namespace pgaf
