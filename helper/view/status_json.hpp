#pragma once

#include <optional>

#include <nlohmann/json_fwd.hpp>

#include "view/run_record.hpp"

namespace pgaf {

// What `status --json` prints; docs/status-schema.json describes it, and its version grows when what a program
// relies on is no longer so. Without a run when none was ever started.
[[nodiscard]] nlohmann::ordered_json status_json(const std::optional<RunRecord> &run);

}  // namespace pgaf
