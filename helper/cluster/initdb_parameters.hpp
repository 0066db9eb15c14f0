#pragma once

#include <string>
#include <vector>

#include "postgres/connection.hpp"
#include "postgres/controldata.hpp"

namespace pgaf {

// initdb's options for a new cluster like the old one, asked from the old one: a new cluster that differs
// in one of them is refused by pg_upgrade, or serves other collations than the indexes were built with.
[[nodiscard]] std::vector<std::string> initdb_parameters(Connection &server, const ControlData &control, int target);

}  // namespace pgaf
