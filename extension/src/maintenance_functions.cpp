#include <array>
#include <string_view>

#include "core/errors.hpp"
#include "src/functions.hpp"
#include "src/known_node.hpp"
#include "src/pg/lock.hpp"
#include "src/run.hpp"
#include "src/store.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::functions {

namespace {

struct Action {
    std::string_view name;
    bool begins;
    bool asks_pg_auto_failover;
};

constexpr std::array<Action, 4> kActions{
    {{"begin", true, false}, {"end", false, false}, {"enable", true, true}, {"disable", false, true}}};

const Action &required_action(const std::string &name) {
    for (const auto &action : kActions) {
        if (action.name == name) {
            return action;
        }
    }
    throw Error(
        code::kBadArgument, "there is no action \"" + name + "\"",
        "Use begin or end to record what you do yourself, enable or disable to have pg_auto_failover do it too.");
}

void require_matching(const Action &action, const store::ClusterNode &node,
                      const std::optional<store::MaintenanceWindow> &open) {
    if (action.begins && open) {
        throw Error(code::kNotInStateFor,
                    node.name + " is in a window of maintenance since " + open->started_at + ", recorded by " +
                        open->started_by,
                    "End that one first.");
    }
    if (!action.begins && !open) {
        throw Error(code::kNotInStateFor, node.name + " is in no window of maintenance that is recorded here",
                    "Begin one with the action begin or enable.");
    }
    if (!action.begins && open->by_run && !has_ended(store::run(*open->runid, false)->state)) {
        throw Error(code::kNotInStateFor,
                    "the window of maintenance of " + node.name + " belongs to " + run_name(*open->runid),
                    "The run ends it when the node has joined again.");
    }
}

}  // namespace

Outcome pgaf_upgrade_record_maintenance(const Arguments &arguments) {
    const auto &name = arguments.required(0, "node");
    const auto &action = required_action(arguments.required(1, "action"));
    const auto &reason = arguments.text(2);
    if (action.begins && !reason) {
        throw Error(code::kBadArgument, "reason must not be null where a window begins");
    }

    // Calls for one formation take turns, and no keeper's report changes a state in between.
    pg::lock_formation(known_node(name).formation);
    const auto node = known_node(name);
    const auto open = store::open_maintenance(node.nodeid);
    require_matching(action, node, open);

    if (action.asks_pg_auto_failover) {
        store::ask_for_maintenance(node.nodeid, action.begins);
    }
    const auto assigned = known_node(name).goal_state;
    const auto runid = action.begins ? store::active_run_of_node(node.nodeid) : open->runid;
    const auto window = action.begins ? store::begin_maintenance(runid, node, assigned, *reason)
                                      : store::end_maintenance(open->id, node.reported_state, assigned, reason);
    if (runid) {
        store::record_event(
            *runid, node.nodeid, "", "maintenance", "",
            std::string(action.name) + ": " + node.reported_state + " -> " + assigned + (reason ? ", " + *reason : ""));
    }
    return {std::to_string(window), {}};
}

}  // namespace pgaf::functions
