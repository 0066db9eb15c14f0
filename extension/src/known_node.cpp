#include "src/known_node.hpp"

#include "core/errors.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf {

store::ClusterNode known_node(const std::string &text) {
    std::vector<store::ClusterNode> meant;
    for (auto &node : store::cluster_nodes()) {
        if (node.name == text || node.formation + "/" + node.name == text || std::to_string(node.nodeid) == text) {
            meant.push_back(std::move(node));
        }
    }
    if (meant.empty()) {
        throw Error(code::kUnknownObject, "there is no node \"" + text + "\"",
                    "Give its name, formation/name or id, as pg_autoctl show state prints them.");
    }
    if (meant.size() > 1) {
        std::string names;
        for (const auto &node : meant) {
            names += (names.empty() ? "" : ", ") + node.formation + "/" + node.name + " (id " +
                     std::to_string(node.nodeid) + ")";
        }
        throw Error(code::kBadArgument, "\"" + text + "\" may be any of: " + names,
                    "Give the formation too, as in formation/name, or the id.");
    }
    return meant.front();
}

}  // namespace pgaf
