#pragma once

#include <string>

#include "src/store.hpp"

namespace pgaf {

// The node that a person means: by its name, by formation/name where two formations have the name, or
// by its id. Throws Error when there is none or the text fits several.
[[nodiscard]] store::ClusterNode known_node(const std::string &text);

}  // namespace pgaf
