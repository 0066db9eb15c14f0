#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace pgaf {

// The report of a run as one page that needs nothing beside it: well-formed as HTML and as XML. Throws where the
// document is not one of pgaf_upgrade_report(), with its records.
[[nodiscard]] std::string report_page(const nlohmann::json &document);

}  // namespace pgaf
