#include <algorithm>

#include "core/errors.hpp"
#include "core/estimate.hpp"
#include "core/transitions.hpp"
#include "src/functions.hpp"
#include "src/run.hpp"
#include "src/store.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::functions {

namespace {

void append(std::string &text, const std::string &part) {
    text += (text.empty() ? "" : "; ") + part;
}

std::string on_node(const StepDefinition &step, const NodePlan &node) {
    return std::string(step.name) + " on " + node.name;
}

// What the run waits for, worst first: what failed, the operator, a helper that is not there, then
// what is going on.
std::string waiting_for(const Run &run) {
    std::string failed;
    std::string running;
    std::string in_background;
    std::string absent;
    std::string due;
    const auto signs = store::helper_signs(run.id());

    for (const auto &node : run.plan.nodes) {
        std::string at_work;
        for (const auto *step : steps_of(node.role)) {
            const auto state = state_of(node, *step);
            if (state == StepState::Failed) {
                append(failed, on_node(*step, node));
            } else if (state == StepState::Running) {
                at_work = step->name;
                append(step->background ? in_background : running, on_node(*step, node));
            }
        }
        const auto next = next_step(run.plan, node);
        if (next.step != nullptr) {
            append(due, node.name + " to begin " + std::string(next.step->name));
        }
        if (next.step == nullptr && at_work.empty()) {
            continue;
        }
        const auto sign = std::ranges::find(signs, node.nodeid, &store::HelperSign::nodeid);
        if (sign == signs.end() || !sign->attached) {
            append(absent, "helper of " + node.name + ": it has not attached: run pgaf-upgrade run there");
        } else if (!sign->alive) {
            append(absent, "helper of " + node.name + ": not heard since " + sign->heard_at +
                               (at_work.empty() ? "" : ", when it was at " + at_work) + ": run pgaf-upgrade run there");
        }
    }

    const auto id = std::to_string(run.id());
    if (run.plan.state == RunState::RollingBack) {
        std::string names;
        for (const auto &node : store::nodes_to_roll_back(run.id())) {
            append(names, node.name);
        }
        return "the rollback of " + names + ": pgaf-upgrade run there";
    }
    if (!failed.empty()) {
        return "the operator: " + failed + " failed: remove the cause, then SELECT pgaf_upgrade_retry(" + id + ")";
    }
    if (run.plan.state == RunState::Ready) {
        return "approval: SELECT pgaf_upgrade_approve(" + id + ")" +
               (run.row.give_back_reason
                    ? "; the switch before has failed, and the old cluster was given back: " + *run.row.give_back_reason
                    : "");
    }
    if (run.plan.state == RunState::Approved && !run.plan.gate_open) {
        return "the approved time, " + run.row.not_before.value_or("");
    }
    for (const auto *text : {&absent, &running, &due, &in_background}) {
        if (!text->empty()) {
            return *text;
        }
    }
    for (const auto &node : run.plan.nodes) {
        if (node.is_kept) {
            return "the release of " + node.name + ", which is kept at the old version: SELECT pgaf_upgrade_release(" +
                   id + ")";
        }
    }
    return "nothing that is known";
}

}  // namespace

Outcome pgaf_upgrade_steps(const Arguments & /*arguments*/) {
    Outcome outcome;
    int ordinal = 0;
    Role role = Role::Monitor;
    for (const auto &step : step_definitions()) {
        ordinal = step.role == role ? ordinal + 1 : 1;
        role = step.role;
        std::string requirements;
        for (const auto &requirement : step.requirements) {
            if (requirement.scope != Scope::Nobody) {
                append(requirements, describe(requirement));
            }
        }
        outcome.rows.push_back({std::string(to_string(step.role)), std::to_string(ordinal), std::string(step.name),
                                std::string(to_string(step.phase)), std::string(step.guide), std::string(step.title),
                                step.background ? "t" : "f", step.offline ? "t" : "f", requirements,
                                std::string(to_string(step.worth))});
    }
    return outcome;
}

Outcome pgaf_upgrade_transitions(const Arguments & /*arguments*/) {
    Outcome outcome;
    for (const auto &[from, to, by] : step_transitions()) {
        outcome.rows.push_back({"step", std::string(to_string(from)), std::string(to_string(to)), std::string(by)});
    }
    for (const auto &[from, to, by] : run_transitions()) {
        outcome.rows.push_back({"run", std::string(to_string(from)), std::string(to_string(to)), std::string(by)});
    }
    return outcome;
}

Outcome pgaf_upgrade_waiting_for(const Arguments &arguments) {
    const auto run = read_run(arguments.required_integer(0, "run"));
    if (run.has_ended()) {
        return {};
    }
    return {waiting_for(run), {}};
}

Outcome pgaf_upgrade_redundancy_estimate(const Arguments &arguments) {
    const auto &refused = arguments.text(0);
    const auto &rebuild = arguments.text(1);
    const auto &away = arguments.text(2);
    if (!refused || !rebuild || !away) {
        return {};
    }
    return {std::to_string(redundancy_estimate(std::stod(*refused), std::stod(*rebuild), std::stod(*away))), {}};
}

}  // namespace pgaf::functions
