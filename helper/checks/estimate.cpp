#include "checks/estimate.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "checks/trial.hpp"
#include "core/estimate.hpp"
#include "run/data_size.hpp"
#include "system/units.hpp"

namespace pgaf {

namespace {

double rebuild_of(const Subject &subject, const DataSize &size) {
    return subject.builds_by_links() ? link_rebuild_estimate(size.objects)
                                     : rebuild_estimate(size.bytes, subject.node.config.maximum_backup_rate_mb);
}

NodeEstimate of_secondary(const Subject &subject, const DataSize &size) {
    const int rate = subject.node.config.maximum_backup_rate_mb;
    const double seconds = rebuild_of(subject, size);
    if (subject.builds_by_links()) {
        return {nlohmann::json{{"seconds", seconds}, {"objects", size.objects}}.dump(),
                fmt::format("this standby is rebuilt within about {:.0f} s by links, or within {:.0f} s where a base "
                            "backup is needed",
                            seconds, rebuild_estimate(size.bytes, rate))};
    }
    return {nlohmann::json{{"seconds", seconds}, {"bytes", size.bytes}, {"rate_mb", rate}}.dump(),
            fmt::format("this standby is rebuilt within about {:.0f} s: {} MB{}", seconds, size.bytes / kMegabyte + 1,
                        rate > 0 ? fmt::format(" at {} MB/s at the most", rate) : "")};
}

}  // namespace

std::optional<NodeEstimate> estimate_of(Subject &subject) {
    if (!subject.is_secondary()) {
        return upgrade_estimate_of(subject);
    }
    if (subject.made_trial() == nullptr || !subject.node.running_server()) {
        return std::nullopt;
    }
    return of_secondary(subject, data_size(measure_data(subject.node)));
}

std::optional<NodeEstimate> upgrade_estimate_of(Subject &subject) {
    const auto *rehearsed = subject.made_trial() == nullptr ? nullptr : subject.made_trial()->whole_rehearsal();
    if (rehearsed == nullptr || !subject.node.running_server()) {
        return std::nullopt;
    }
    const auto size = data_size(measure_data(subject.node));
    const Trialled trialled{.pg_upgrade_s = rehearsed->pg_upgrade_s - rehearsed->disturbed_s, .bytes = size.bytes};
    const double seconds =
        subject.is_monitor() ? monitor_away_estimate(trialled) : writes_refused_estimate(trialled, subject.method);
    const nlohmann::json values{{"seconds", seconds},
                                {"pg_upgrade_s", trialled.pg_upgrade_s},
                                {"disturbed_s", rehearsed->disturbed_s},
                                {"objects", size.objects},
                                {"bytes", trialled.bytes},
                                {"method", subject.method}};
    const auto from =
        fmt::format("pg_upgrade took {:.1f} s on a copy of the catalogs; {} relations and large objects, {} MB by {}",
                    trialled.pg_upgrade_s, size.objects, trialled.bytes / kMegabyte + 1, subject.method);
    if (subject.is_monitor()) {
        return NodeEstimate{values.dump(), fmt::format("the monitor is away for about {:.0f} s: {}", seconds, from)};
    }
    return NodeEstimate{
        values.dump(),
        fmt::format("writes are refused for about {:.0f} s, and redundancy is back after about {:.0f} s: {}", seconds,
                    redundancy_estimate(seconds, rebuild_of(subject, size), 0), from)};
}

}  // namespace pgaf
