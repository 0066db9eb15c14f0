#include "steps/steps.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "system/fault.hpp"

namespace pgaf {

namespace {

bool is_at_rest(const NodeReport &report) {
    return report.is_stable_in("primary") || report.is_stable_in("single") || report.is_stable_in("wait_primary");
}

}  // namespace

Found RelaxSync::probe(const Context &context) const {
    const bool is_relaxed = context.monitor.number_sync_standbys(context.formation()) == 0 &&
                            is_at_rest(context.monitor.report_of(context.node.nodeid));
    fault_point(name(), "middle");  // where nothing is to be set, there is no other
    return is_relaxed ? Found::done({{"number_sync_standbys", context.plan.number_sync_standbys}}) : Found{};
}

// With number_sync_standbys above 0, a primary whose standbys are in maintenance refuses to commit.
nlohmann::json RelaxSync::perform(const Context &context) const {
    require_as_shown(context);
    const auto formation = context.formation();
    const auto number = context.plan.number_sync_standbys;
    context.wait_until("the primary to apply number_sync_standbys 0", std::chrono::minutes(2), [&] {
        if (number > 0 && context.monitor.number_sync_standbys(formation) > 0) {
            context.monitor.set_number_sync_standbys(formation, 0);
        }
        fault_point(steps::kRelaxSync, "middle");
        context.require_same_primary();
        return is_at_rest(context.monitor.report_of(context.node.nodeid));
    });
    return {{"number_sync_standbys", number}};
}

// When the standbys are back: before, the primary would refuse to commit.
void RelaxSync::undo(const Context &context) const {
    context.wait_until("the standbys to be secondaries again", std::chrono::hours(1), [&] {
        const auto primary = context.current_primary();
        return std::ranges::all_of(context.plan.group, [&](const AssignedNode &other) {
            return other.id == primary || context.monitor.report_of(other.id).is_stable_in("secondary");
        });
    });
    apply_number_sync_standbys(context, context.plan.number_sync_standbys);
}

}  // namespace pgaf
