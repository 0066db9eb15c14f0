#pragma once

#include <nlohmann/json_fwd.hpp>

#include "node/node.hpp"

namespace pgaf {

// The tables that are read and written most, as {database: [name as SQL has it]}, at most 20 of each database, by the
// server's own counts; without databases of none.
[[nodiscard]] nlohmann::json busiest_tables(const Node &node);

}  // namespace pgaf
