#pragma once

#include <string>

#include "view/run_records.hpp"

// The parts of the report, each HTML that can stand by itself.
namespace pgaf {

struct Report {
    const RunRecord &run;
    const RunRecords &records;
};

[[nodiscard]] std::string verdict_section(const Report &report);
[[nodiscard]] std::string timeline_section(const Report &report);
[[nodiscard]] std::string nodes_section(const Report &report);
[[nodiscard]] std::string warnings_section(const Report &report);  // empty where there are none
[[nodiscard]] std::string checks_section(const Report &report);
[[nodiscard]] std::string carried_section(const Report &report);
[[nodiscard]] std::string steps_section(const Report &report);
[[nodiscard]] std::string events_section(const Report &report);

}  // namespace pgaf
