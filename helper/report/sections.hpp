#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "view/run_record.hpp"

// The parts of the report, each HTML that can stand by itself. `document` is the whole answer of
// pgaf_upgrade_report(), with its records.
namespace pgaf {

struct Report {
    const RunRecord &run;
    const nlohmann::json &document;
};

[[nodiscard]] std::string verdict_section(const Report &report);
[[nodiscard]] std::string timeline_section(const Report &report);
[[nodiscard]] std::string nodes_section(const Report &report);
[[nodiscard]] std::string checks_section(const Report &report);
[[nodiscard]] std::string carried_section(const Report &report);
[[nodiscard]] std::string steps_section(const Report &report);
[[nodiscard]] std::string events_section(const Report &report);

}  // namespace pgaf
