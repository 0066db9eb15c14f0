#include "core/node_name.hpp"

#include <algorithm>
#include <iterator>

namespace pgaf {

std::vector<NamedNode> nodes_meant(std::span<const NamedNode> nodes, std::string_view text) {
    std::vector<NamedNode> found;
    std::ranges::copy_if(nodes, std::back_inserter(found),
                         [text](const NamedNode &node) { return std::to_string(node.nodeid) == text; });
    if (found.empty()) {
        std::ranges::copy_if(nodes, std::back_inserter(found), [text](const NamedNode &node) {
            return node.name == text || node.formation + "/" + node.name == text;
        });
    }
    return found;
}

std::string full_name(const NamedNode &node) {
    return std::to_string(node.nodeid) + " (" + (node.formation.empty() ? "" : node.formation + "/") + node.name + ")";
}

}  // namespace pgaf
