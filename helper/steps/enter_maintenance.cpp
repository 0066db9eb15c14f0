#include "steps/steps.hpp"

#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "cluster/private_server.hpp"
#include "cluster/serving_server.hpp"
#include "system/fault.hpp"

namespace pgaf {

namespace {

bool is_primary_stable(const Context &context) {
    const auto report = context.monitor.report_of(context.current_primary());
    return report.reported_state == report.goal_state;
}

// What is dirty goes to the disk while this node is still a secondary, so that its stop, for which its part in the
// switch waits, has little left to write. Only that is lost where it fails.
void flush_by_restartpoint(const Context &context) {
    try {
        auto server = context.local_server();
        checkpoint(context, server);
    } catch (const HelperError &error) {
        spdlog::warn("{}", error.what());
    }
}

}  // namespace

Found EnterMaintenance::probe(const Context &context) const {
    const auto report = context.monitor.report_of(context.node.nodeid);
    if (report.is_stable_in("maintenance") && is_primary_stable(context)) {
        return Found::done(nlohmann::json::object());
    }
    return {report.goal_state.ends_with("maintenance") ? Progress::Partial : Progress::Absent};
}

nlohmann::json EnterMaintenance::perform(const Context &context) const {
    const auto nodeid = context.node.nodeid;
    const auto primary_is_stable = [&] { return is_primary_stable(context); };
    require_as_shown(context);
    flush_by_restartpoint(context);
    context.wait_until("this node to enter maintenance", std::chrono::minutes(5), [&] {
        const auto report = context.monitor.report_of(nodeid);
        if (report.goal_state != "maintenance" && report.goal_state != "wait_maintenance") {
            // maintenance of a primary is a failover
            context.require_same_primary();
            if (!primary_is_stable()) {
                return false;
            }
            context.monitor.start_maintenance(nodeid);
            fault_point(steps::kEnterMaintenance, "middle");
        }
        return report.is_stable_in("maintenance");
    });
    context.wait_until("the primary to be stable", std::chrono::minutes(2), primary_is_stable);
    return nlohmann::json::object();
}

// A node that leaves maintenance takes part in an election when its primary is not healthy: it waits.
void EnterMaintenance::undo(const Context &context) const {
    start_service(context);
    wait_for_healthy_primary(context, std::chrono::hours(1));
    leave_maintenance(context);
}

}  // namespace pgaf
