#include "steps/steps.hpp"

#include "service.hpp"

namespace pgaf {

namespace {

// Seconds: a report that is older was made before the service was started.
constexpr double kFreshReport = 5;

}  // namespace

nlohmann::json Rejoin::perform(const Context &context) const {
    const auto nodeid = context.node.nodeid;
    const Service service(Installation::from(context.journal).unit);
    if (!service.is_active()) {
        service.start();
    }
    if (context.role() == Role::Primary) {
        context.wait_until("pg_autoctl to report a healthy primary", std::chrono::minutes(5), [&] {
            const auto report = context.monitor.report_of(nodeid);
            return report.report_age_s < kFreshReport && report.pg_is_running && report.health == 1 &&
                   (report.is_stable_in("wait_primary") || report.is_stable_in("single") ||
                    report.is_stable_in("primary"));
        });
    } else {
        context.wait_until("pg_autoctl to report", std::chrono::minutes(5), [&] {
            const auto report = context.monitor.report_of(nodeid);
            return report.report_age_s < kFreshReport &&
                   (report.reported_state != "maintenance" || report.pg_is_running);
        });
        context.wait_until("this node to be a secondary again", std::chrono::hours(1), [&] {
            const auto report = context.monitor.report_of(nodeid);
            if (report.goal_state == "maintenance") {
                context.monitor.stop_maintenance(nodeid);
            }
            return report.is_stable_in("secondary");
        });
    }
    return {{"reported_state", context.monitor.report_of(nodeid).reported_state}};
}

}  // namespace pgaf
