#pragma once

#include <filesystem>
#include <optional>

#include "installation.hpp"
#include "node.hpp"

// Where one pg_autoctl serves all majors, the package of the new version has taken the old one's name when an upgrade
// begins. The old program still runs, and a rollback needs it.
namespace pgaf {

// Copies the program that runs this node, unless it is the one that is installed.
void keep_autoctl(const Node &node, const Installation &installation);

// That copy; nothing where none was needed.
[[nodiscard]] std::optional<std::filesystem::path> kept_autoctl(const Node &node);

}  // namespace pgaf
