#include "steps/steps.hpp"

#include "fault.hpp"
#include "service.hpp"
#include "upgrade/private_server.hpp"

namespace pgaf {

namespace {

// Seconds: a report that is older was made before the service was started.
constexpr double kFreshReport = 5;

}  // namespace

bool is_healthy_primary(const NodeReport &report) {
    return report.report_age_s < kFreshReport && report.pg_is_running && report.health == 1 &&
           (report.is_stable_in("wait_primary") || report.is_stable_in("single") || report.is_stable_in("primary"));
}

Found Rejoin::probe(const Context &context) const {
    const Service service(Installation::from(context.journal).unit);
    if (std::filesystem::exists(context.node.guard_flag()) || !service.is_active()) {
        return {};
    }
    const auto report = context.monitor.report_of(context.node.nodeid);
    const bool is_back = context.role() == Role::Primary
                             ? is_healthy_primary(report)
                             : report.report_age_s < kFreshReport && report.is_stable_in("secondary");
    return is_back ? Found::done({{"reported_state", report.reported_state}}) : Found{Progress::Partial};
}

nlohmann::json Rejoin::perform(const Context &context) const {
    const auto nodeid = context.node.nodeid;
    start_service(context);
    fault_point("rejoin", "middle");
    if (context.role() == Role::Primary) {
        context.wait_until("pg_autoctl to report a healthy primary", std::chrono::minutes(5),
                           [&] { return is_healthy_primary(context.monitor.report_of(nodeid)); });
    } else {
        context.wait_until("pg_autoctl to report", std::chrono::minutes(5), [&] {
            const auto report = context.monitor.report_of(nodeid);
            return report.report_age_s < kFreshReport &&
                   (report.reported_state != "maintenance" || report.pg_is_running);
        });
        leave_maintenance(context);
    }
    return {{"reported_state", context.monitor.report_of(nodeid).reported_state}};
}

}  // namespace pgaf
