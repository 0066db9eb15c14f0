#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/steps.hpp"
#include "src/functions.hpp"
#include "src/store.hpp"

// A run while a function works on it: what the tables say, and the moves that core allows.
namespace pgaf {

struct Run {
    store::RunRow row;
    RunPlan plan;

    [[nodiscard]] std::int64_t id() const { return row.runid; }
    [[nodiscard]] bool has_ended() const { return pgaf::has_ended(plan.state); }
    [[nodiscard]] NodePlan &node(std::int64_t nodeid);
};

// The details of a change of a step's state; what does not go with the new state is left alone. A
// time that is null is now.
struct StepChange {
    std::string token = {};
    Text at = std::nullopt;
    Text result = std::nullopt;
    Text error = std::nullopt;
    Text hint = std::nullopt;
    Text detail = std::nullopt;
    const char *kind = "step";
    Text message = std::nullopt;
};

// Locks the run's row until the transaction ends, which makes the calls for one run take turns.
// Throws Error when there is no such run.
Run lock_run(std::int64_t runid);
Run read_run(std::int64_t runid);

// For what only a run that goes on can do.
[[noreturn]] void refuse_ended(const Run &run);

StepState state_of(const NodePlan &node, const StepDefinition &step);
const StepDefinition &require_step(const NodePlan &node, std::string_view name);

// Moves a step, records it, and moves the run as far as its steps now allow. Throws Error when the
// move is not a legal one. Returns the attempt when the new state is running.
int change_step(Run &run, NodePlan &node, const StepDefinition &step, StepState to, const StepChange &change);
void change_run(Run &run, RunState to, const Text &message);

// Throws Error when pg_auto_failover has given another node the role that the plan is made for.
// `at_rest`: no node may be on its way to another state either.
void require_same_roles(const Run &run, const std::string &formation, int group, bool at_rest,
                        std::optional<std::int64_t> only_node);

std::string group_name(const std::string &formation, int group);  // "group 0 of formation default"
std::string run_name(std::int64_t runid);                         // "run 1"

}  // namespace pgaf
