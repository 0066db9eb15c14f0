#include "steps/steps.hpp"

#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "seed/seed.hpp"
#include "system/fault.hpp"

namespace pgaf {

namespace {

int wanted(const Context &context) {
    return context.journal.result(steps::kRelaxSync).value("number_sync_standbys", 0);
}

bool is_primary_settled(const Context &context) {
    return context.monitor.report_of(context.current_primary())
        .is_stable_in(context.plan.group.size() > 1 ? "primary" : "single");
}

}  // namespace

void apply_number_sync_standbys(const Context &context, int number) {
    const auto formation = context.formation();
    context.wait_until("the primary to apply its settings", std::chrono::minutes(5), [&] {
        if (context.monitor.number_sync_standbys(formation) != number) {
            context.monitor.set_number_sync_standbys(formation, number);
        }
        fault_point(steps::kRestoreSettings, "middle");
        return is_primary_settled(context);
    });
}

Found RestoreSettings::probe(const Context &context) const {
    const auto number = wanted(context);
    const bool is_restored = is_seed_withdrawn(context) &&
                             context.monitor.number_sync_standbys(context.formation()) == number &&
                             is_primary_settled(context);
    fault_point(name(), "middle");
    return is_restored ? Found::done({{"number_sync_standbys", number}}) : Found{};
}

nlohmann::json RestoreSettings::perform(const Context &context) const {
    const auto number = wanted(context);
    if (!withdraw_seed(context)) {
        spdlog::warn(
            "this node is no primary any more: DROP SCHEMA pgaf_upgrade_seed CASCADE in database {} of the one "
            "that is",
            context.node.config.dbname);
    }
    apply_number_sync_standbys(context, number);
    return {{"number_sync_standbys", number}};
}

}  // namespace pgaf
