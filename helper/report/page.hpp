#pragma once

#include <string>

#include "view/run_records.hpp"

namespace pgaf {

// The report of a run as one page that needs nothing beside it: well-formed as HTML and as XML.
[[nodiscard]] std::string report_page(const RunRecord &run, const RunRecords &records);

}  // namespace pgaf
