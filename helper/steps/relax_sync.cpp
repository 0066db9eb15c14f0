#include "steps/steps.hpp"

namespace pgaf {

// With number_sync_standbys above 0, a primary whose standbys are in maintenance refuses to commit.
nlohmann::json RelaxSync::perform(const Context &context) const {
    const auto formation = context.plan.at("node").at("formation").get<std::string>();
    const auto number = context.plan.at("number_sync_standbys").get<int>();
    context.wait_until("the primary to apply number_sync_standbys 0", std::chrono::minutes(2), [&] {
        if (number > 0 && context.monitor.number_sync_standbys(formation) > 0) {
            context.monitor.set_number_sync_standbys(formation, 0);
        }
        const auto report = context.monitor.report_of(context.node.nodeid);
        return report.is_stable_in("primary") || report.is_stable_in("single") || report.is_stable_in("wait_primary");
    });
    return {{"number_sync_standbys", number}};
}

}  // namespace pgaf
