#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// A node as people name it to a function. Names are unique within a formation only, ids everywhere.
namespace pgaf {

struct NamedNode {
    std::int64_t nodeid = 0;
    std::string name;
    std::string formation;
};

// The nodes that the text may mean: the one whose id it is, else every one whose name it is, alone or
// as formation/name. One is what a caller can work with.
[[nodiscard]] std::vector<NamedNode> nodes_meant(std::span<const NamedNode> nodes, std::string_view text);

// "5 (other/node_1)": what to give instead of a name that several nodes have.
[[nodiscard]] std::string full_name(const NamedNode &node);

}  // namespace pgaf
