#include "checks/as_shown.hpp"

#include <fmt/format.h>

#include "checks/check.hpp"

namespace pgaf {

namespace {

Findings files_as_shown(Subject &subject) {
    const auto shown = shown_before_switch(subject);
    if (!shown) {
        return {};
    }
    Findings findings;
    for (const auto &difference : differences(*shown, places_of(subject.node))) {
        findings.push_back({describe(difference)});
    }
    return findings;
}

}  // namespace

std::optional<ShownFiles> shown_before_switch(Subject &subject) {
    auto shown = last_shown_files(places_of(subject.node));
    if (!shown || subject.schema_of_extension().empty()) {
        return std::nullopt;
    }
    try {
        // a failed check shows anew when it is tried again
        const auto rows = subject.monitor().query(
            fmt::format("SELECT FROM {0}.pgaf_upgrade_status($1) s, {0}.pgaf_upgrade_progress($1) p"
                        " WHERE s.state IN ('preparing', 'ready', 'approved')"
                        "   AND p.node = $2 AND p.step = 'check' AND p.state IN ('running', 'done')",
                        subject.schema_of_extension()),
            {std::to_string(shown->run), shown->node});
        return rows.size() > 0 ? std::move(shown) : std::nullopt;
    } catch (const PgError &error) {
        if (error.connection_lost()) {
            throw;
        }
        return std::nullopt;  // another monitor, which knows no such run
    }
}

std::vector<Check> as_shown_checks() {
    return {{"files_as_shown", Severity::Error, Where::EveryNode,
             "what would be carried over is not what was shown to be approved",
             "Look at it with pgaf-upgrade check --diff. Then pgaf-upgrade run, or SELECT pgaf_upgrade_retry(run) on "
             "the monitor, shows it anew.",
             files_as_shown}};
}

}  // namespace pgaf
