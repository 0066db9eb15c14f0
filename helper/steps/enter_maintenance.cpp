#include "steps/steps.hpp"

#include <fmt/format.h>

namespace pgaf {

nlohmann::json EnterMaintenance::perform(const Context &context) const {
    const auto nodeid = context.node.nodeid;
    const auto primary = context.group_primary().at("id").get<std::int64_t>();
    nlohmann::json result{{"files", list_files_to_carry(context)}};
    const auto primary_is_stable = [&] {
        const auto report = context.monitor.report_of(primary);
        return report.reported_state == report.goal_state;
    };
    context.wait_until("this node to enter maintenance", std::chrono::minutes(5), [&] {
        const auto report = context.monitor.report_of(nodeid);
        if (report.goal_state != "maintenance" && report.goal_state != "wait_maintenance" && primary_is_stable()) {
            context.monitor.start_maintenance(nodeid);
        }
        return report.is_stable_in("maintenance");
    });
    context.wait_until("the primary to be stable", std::chrono::minutes(2), primary_is_stable);
    return result;
}

}  // namespace pgaf
