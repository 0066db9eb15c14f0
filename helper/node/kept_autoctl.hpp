#pragma once

#include <filesystem>
#include <optional>

#include "node/node.hpp"

// Where one pg_autoctl serves all majors, the package of the new version has taken the old one's name when an upgrade
// begins. The old program still runs, and a rollback needs it.
namespace pgaf {

// Copies the program that runs this node, where the new one is of all majors, and another. Returns whether it is.
[[nodiscard]] bool keep_autoctl(const Node &node, const std::filesystem::path &new_autoctl,
                                const std::filesystem::path &new_bindir);

// That copy; nothing where none was needed.
[[nodiscard]] std::optional<std::filesystem::path> kept_autoctl(const Node &node);

}  // namespace pgaf
