#include "steps/steps.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "run/warnings.hpp"
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

// What was offered to the standbys is in nobody's way.
Warnings withdraw_seed_if_possible(const Context &context) {
    Warnings warnings;
    const auto warn = [&](const std::string &error) {
        spdlog::warn("the schema pgaf_upgrade_seed stays: {}", error);
        warnings.add("schema pgaf_upgrade_seed", error,
                     fmt::format("On the primary, in database \"{}\": DROP SCHEMA pgaf_upgrade_seed CASCADE;",
                                 context.node.config.dbname));
    };
    try {
        if (!withdraw_seed(context)) {
            warn("this node is no primary any more");
        }
    } catch (const PgError &error) {
        if (error.is_transient()) {
            throw;
        }
        warn(error.what());
    }
    return warnings;
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
    const auto left = withdraw_seed_if_possible(context);
    apply_number_sync_standbys(context, number);
    return {{"number_sync_standbys", number}, {"warnings", left.json()}};
}

}  // namespace pgaf
