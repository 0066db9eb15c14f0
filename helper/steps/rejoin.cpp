#include "steps/steps.hpp"

#include <nlohmann/json.hpp>

#include "cluster/private_server.hpp"
#include "cluster/serving_server.hpp"
#include "node/service.hpp"
#include "run/data_size.hpp"
#include "system/fault.hpp"

namespace pgaf {

namespace {

// Says whether a report was made since: an older one may tell of a server that a power cut has ended.
class Since {
  public:
    [[nodiscard]] bool made(const NodeReport &report) const {
        const std::chrono::duration<double> age = std::chrono::steady_clock::now() - began_;
        // one from the future was made before the monitor's clock was set back
        return report.report_age_s >= 0 && report.report_age_s < age.count();
    }

  private:
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace

void wait_for_healthy_primary(const Context &context, std::chrono::seconds limit) {
    const Since now;
    context.wait_until("pg_autoctl to report a healthy primary", limit, [&] {
        const auto report = context.monitor.report_of(context.current_primary());
        return now.made(report) && report.pg_is_running && report.health == 1 &&
               (report.is_stable_in("wait_primary") || report.is_stable_in("single") || report.is_stable_in("primary"));
    });
}

void leave_maintenance(const Context &context) {
    const auto nodeid = context.node.nodeid;
    // In maintenance pg_autoctl does not start a server that a power cut has ended, but waits for it.
    if (context.monitor.report_of(nodeid).is_stable_in("maintenance")) {
        start_server(context);
    }
    const Since now;
    context.wait_until("pg_autoctl to report", std::chrono::minutes(5), [&] {
        const auto report = context.monitor.report_of(nodeid);
        return now.made(report) && (report.reported_state != "maintenance" || report.pg_is_running);
    });
    context.wait_until("this node to be a secondary again", catch_up_limit(data_size(context)), [&] {
        const auto report = context.monitor.report_of(nodeid);
        if (report.goal_state == "maintenance") {
            context.monitor.stop_maintenance(nodeid);
        }
        return report.is_stable_in("secondary");
    });
}

// Never found done: what was reported before a power cut is not so after it.
Found Rejoin::probe(const Context &context) const {
    const bool is_begun = !std::filesystem::exists(context.node.guard_flag()) &&
                          Service(context.node, Installation::from(context.journal).unit).is_active();
    return {is_begun ? Progress::Partial : Progress::Absent};
}

nlohmann::json Rejoin::perform(const Context &context) const {
    const auto nodeid = context.node.nodeid;
    start_service(context);
    fault_point(steps::kRejoin, "middle");
    if (context.role() == Role::Primary) {
        wait_for_healthy_primary(context, std::chrono::minutes(5));
    } else {
        leave_maintenance(context);
    }
    return {{"reported_state", context.monitor.report_of(nodeid).reported_state}};
}

}  // namespace pgaf
