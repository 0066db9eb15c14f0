#include "steps/steps.hpp"

namespace pgaf {

nlohmann::json RestoreSettings::perform(const Context &context) const {
    const auto formation = context.plan.at("node").at("formation").get<std::string>();
    const auto number = context.journal.result("relax_sync").value("number_sync_standbys", 0);
    const auto *const wanted = context.plan.at("group").size() > 1 ? "primary" : "single";
    context.wait_until("the primary to apply its settings", std::chrono::minutes(5), [&] {
        if (context.monitor.number_sync_standbys(formation) != number) {
            context.monitor.set_number_sync_standbys(formation, number);
        }
        return context.monitor.report_of(context.node.nodeid).is_stable_in(wanted);
    });
    return {{"number_sync_standbys", number}};
}

}  // namespace pgaf
