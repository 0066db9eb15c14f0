#pragma once

#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/hba_findings.hpp"
#include "node/node.hpp"

namespace pgaf {

// What the local server's pg_hba.conf, as its own view reads it now, says to the connections that the
// cluster needs of this node. Asks the monitor which nodes there are. `before` is what was found at an
// earlier time, to compare with. Throws PgError, or HelperError(StepFailed) when no server runs.
[[nodiscard]] std::vector<hba::Finding> find_hba(const Node &node, std::span<const hba::Finding> before);

// What is not ok, in one line; empty when all is.
[[nodiscard]] std::string describe_hba(std::span<const hba::Finding> findings);

// As pgaf_upgrade_report_hba takes them, and back.
[[nodiscard]] nlohmann::json to_json(std::span<const hba::Finding> findings);
[[nodiscard]] std::vector<hba::Finding> findings_of(const nlohmann::json &json);

}  // namespace pgaf
