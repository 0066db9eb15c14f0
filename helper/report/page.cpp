#include "report/page.hpp"

#include <fmt/format.h>

#include "core/version.hpp"
#include "report/html.hpp"
#include "report/sections.hpp"
#include "report/style.hpp"
#include "view/clock.hpp"

namespace pgaf {

std::string report_page(const RunRecord &run, const RunRecords &records) {
    const Report report{run, records};
    const auto title =
        fmt::format("Upgrade {} to PostgreSQL {}: {}", run.run, run.target_version, to_string(run.state));
    std::string body;
    for (const auto section : {verdict_section, timeline_section, warnings_section, nodes_section, checks_section,
                               carried_section, steps_section, events_section}) {
        body += section(report);
    }
    body += element_of_text(
        "footer", "",
        fmt::format("As the monitor knew it at {}. Made by pgaf-upgrade {}.", date_and_time(run.at), kVersion));
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
        "<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
        "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n{}\n</main>\n</body>\n</html>\n",
        escape_html(title), report_style(), body);
}

}  // namespace pgaf
