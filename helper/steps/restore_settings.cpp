#include "steps/steps.hpp"

#include "fault.hpp"

namespace pgaf {

namespace {

struct Wanted {
    std::string formation;
    int number_sync_standbys;
    const char *state;
};

Wanted wanted(const Context &context) {
    return {.formation = context.plan.at("node").at("formation"),
            .number_sync_standbys = context.journal.result("relax_sync").value("number_sync_standbys", 0),
            .state = context.plan.at("group").size() > 1 ? "primary" : "single"};
}

}  // namespace

Found RestoreSettings::probe(const Context &context) const {
    const auto [formation, number, state] = wanted(context);
    const bool is_restored = context.monitor.number_sync_standbys(formation) == number &&
                             context.monitor.report_of(context.node.nodeid).is_stable_in(state);
    fault_point(name(), "middle");
    return is_restored ? Found::done({{"number_sync_standbys", number}}) : Found{};
}

nlohmann::json RestoreSettings::perform(const Context &context) const {
    const auto [formation, number, state] = wanted(context);
    context.wait_until("the primary to apply its settings", std::chrono::minutes(5),
                       [&, &formation = formation, &number = number, &state = state] {
                           if (context.monitor.number_sync_standbys(formation) != number) {
                               context.monitor.set_number_sync_standbys(formation, number);
                           }
                           fault_point("restore_settings", "middle");
                           return context.monitor.report_of(context.node.nodeid).is_stable_in(state);
                       });
    return {{"number_sync_standbys", number}};
}

}  // namespace pgaf
