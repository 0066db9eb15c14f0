#include "src/node_argument.hpp"

#include "core/errors.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf {

std::vector<NamedNode> named(const std::vector<store::ClusterNode> &cluster) {
    std::vector<NamedNode> nodes;
    nodes.reserve(cluster.size());
    for (const auto &node : cluster) {
        nodes.push_back({node.nodeid, node.name, node.formation});
    }
    return nodes;
}

std::vector<NamedNode> named(const RunPlan &plan) {
    std::vector<NamedNode> nodes;
    nodes.reserve(plan.nodes.size());
    for (const auto &node : plan.nodes) {
        nodes.push_back({node.nodeid, node.name, node.formation});
    }
    return nodes;
}

NamedNode require_node(const std::vector<NamedNode> &nodes, const std::string &text, const std::string &list) {
    const auto meant = nodes_meant(nodes, text);
    if (meant.empty()) {
        throw Error(code::kUnknownObject, "there is no node \"" + text + "\"",
                    "Give its id, its name or formation/name: " + list + " lists them.");
    }
    if (meant.size() > 1) {
        std::string names;
        for (const auto &node : meant) {
            names += (names.empty() ? "" : ", ") + full_name(node);
        }
        throw Error(code::kBadArgument, std::to_string(meant.size()) + " nodes are called \"" + text + "\"",
                    "Give the id of the one that is meant: " + names + ".");
    }
    return meant.front();
}

}  // namespace pgaf
