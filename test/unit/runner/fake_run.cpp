#include "runner/fake_run.hpp"

#include <algorithm>

#include "assignment_document.hpp"
#include "core/method.hpp"
#include "planned_node.hpp"

namespace pgaf {
namespace {

[[noreturn]] void refuse(const char *sqlstate, const std::string &message) {
    throw PgError(ExitCode::Refused, message, "", sqlstate);
}

std::size_t place_of(const NodePlan &node, std::string_view step) {
    const auto steps = steps_of(node.role);
    const auto found = std::ranges::find(steps, step, &StepDefinition::name);
    if (found == steps.end()) {
        refuse(code::kUnknownObject, "no such step");
    }
    return static_cast<std::size_t>(found - steps.begin());
}

}  // namespace

FakeRun FakeRun::with(int secondaries) {
    FakeRun run;
    run.plan.nodes.push_back(planned_node(Role::Monitor, 0));
    run.plan.nodes.push_back(planned_node(Role::Primary, 1));
    for (int rank = 0; rank < secondaries; ++rank) {
        run.plan.nodes.push_back(planned_node(Role::Secondary, 2 + rank, 0, rank));
    }
    return run;
}

NodePlan &FakeRun::node(std::int64_t id) {
    return *std::ranges::find(plan.nodes, id, &NodePlan::nodeid);
}

StepState &FakeRun::state(std::int64_t id, std::string_view step) {
    auto &of = node(id);
    return of.states.at(place_of(of, step));
}

std::int64_t FakeRun::caller(const std::string &token) const {
    for (const auto &[id, lease] : leases) {
        if (lease == token) {
            return id;
        }
    }
    refuse(code::kLeaseLost, "the token holds no lease of a node");
}

void FakeRun::approve() {
    if (plan.state == RunState::Ready) {
        plan.state = RunState::Approved;
        plan.gate_open = true;
        ++approvals;
    }
}

void FakeRun::change(NodePlan &of, std::string_view step, StepState to) {
    auto &from = of.states.at(place_of(of, step));
    if (!is_legal(from, to)) {
        refuse(code::kNotInStateFor, std::string(step) + " cannot become " + std::string(to_string(to)));
    }
    from = to;
    if (to == StepState::Running) {
        attempted.emplace(of.nodeid, step);
    }
    if (to == StepState::Pending || to == StepState::Running) {
        results.erase({of.nodeid, std::string(step)});
        errors.erase({of.nodeid, std::string(step)});
    }
    for (auto reached = reached_state(plan); reached != plan.state; reached = reached_state(plan)) {
        plan.state = reached;
        plan.gate_open = plan.gate_open || reached == RunState::Switching;
    }
}

void FakeRun::require_due(const NodePlan &of, std::string_view step) {
    if (has_ended()) {
        refuse(code::kNotInStateFor, "the run has ended");
    }
    if (const auto unmet = unmet_requirement(plan, of, *find_step(of.role, step))) {
        refuse(code::kStepNotDue, std::string(step) + " is not due: it waits for " + unmet->what);
    }
}

std::optional<Attached> FakeRun::attach(std::int64_t id, const std::string &token, bool retry_failed, bool resumed) {
    if (has_ended()) {
        return std::nullopt;
    }
    leases[id] = token;
    auto &of = node(id);
    for (const auto *step : steps_of(of.role)) {
        const auto state = of.states.at(place_of(of, step->name));
        if ((state == StepState::Running && !resumed) || (state == StepState::Failed && retry_failed)) {
            change(of, step->name, StepState::Pending);
        }
    }
    const auto text = document(id).dump();
    return Attached{parse_assignment(text, "the fake's answer"), text};
}

std::vector<std::int64_t> FakeRun::nodes_to_roll_back() const {
    std::vector<std::int64_t> nodes;
    for (const auto &[id, is_undone] : rollback) {
        if (!is_undone) {
            nodes.push_back(id);
        }
    }
    return nodes;
}

Due FakeRun::next_step(const std::string &token) {
    const auto id = caller(token);
    Due due{.run_state = plan.state, .step = {}, .wait = {}};
    if (plan.state == RunState::RollingBack) {
        const auto nodes = nodes_to_roll_back();
        if (std::ranges::find(nodes, id) != nodes.end() && (nodes.front() == 0) == (id == 0)) {
            due.step = steps::kRollback;
        } else if (!nodes.empty()) {
            due.wait = {WaitReason::RollbackOf, "the rollback of " + node(nodes.front()).name};
        }
        return due;
    }
    const auto next = pgaf::next_step(plan, node(id));
    due.step = next.step == nullptr ? "" : std::string(next.step->name);
    due.wait = next.wait;
    return due;
}

void FakeRun::begin_step(const std::string &token, std::string_view step) {
    auto &of = node(caller(token));
    switch (state(of.nodeid, step)) {
        case StepState::Running:
            return;
        case StepState::Done:
            refuse(code::kNotInStateFor, std::string(step) + " is done already");
        case StepState::Failed:
            refuse(code::kStepNotDue, std::string(step) + " has failed");
        case StepState::Pending:
            break;
    }
    require_due(of, step);
    change(of, step, StepState::Running);
}

void FakeRun::finish_step(const std::string &token, std::string_view step, const nlohmann::json &result) {
    auto &of = node(caller(token));
    const auto from = state(of.nodeid, step);
    if (from == StepState::Done || has_ended()) {
        return;
    }
    if (from != StepState::Running) {
        refuse(code::kStepNotDue, std::string(step) + " was not begun");
    }
    change(of, step, StepState::Done);
    results[{of.nodeid, std::string(step)}] = result;
}

void FakeRun::take_back(NodePlan &of, std::string_view step, const std::string &error) {
    plan.state = RunState::Preparing;
    plan.gate_open = false;
    change(of, step, StepState::Failed);
    errors[{of.nodeid, std::string(step)}] = error;
    bool is_later = false;
    for (const auto *other : steps_of(of.role)) {
        if (is_later && state(of.nodeid, other->name) == StepState::Done) {
            change(of, other->name, StepState::Pending);
        }
        is_later = is_later || other->name == step;
    }
}

void FakeRun::fail_step(const std::string &token, std::string_view step, const std::string &error) {
    auto &of = node(caller(token));
    const auto from = state(of.nodeid, step);
    if (from == StepState::Failed || has_ended()) {
        return;
    }
    if (from == StepState::Done && find_step(of.role, step)->phase == Phase::Prepare && is_before_switch(plan.state)) {
        take_back(of, step, error);
        return;
    }
    if (from != StepState::Running) {
        refuse(code::kStepNotDue, std::string(step) + " was not begun");
    }
    change(of, step, StepState::Failed);
    errors[{of.nodeid, std::string(step)}] = error;
}

// All of it or nothing, as a statement is.
void FakeRun::sync_journal(const std::string &token, const nlohmann::json &entries) {
    auto synced = *this;
    auto &of = synced.node(caller(token));
    for (const auto &entry : entries) {
        const auto step = entry.at("step").get<std::string>();
        const auto from = synced.state(of.nodeid, step);
        if (from == StepState::Done || has_ended()) {
            continue;
        }
        if (from == StepState::Failed) {
            synced.change(of, step, StepState::Pending);
        }
        if (from != StepState::Running) {
            synced.require_due(of, step);
            synced.change(of, step, StepState::Running);
        }
        synced.change(of, step, StepState::Done);
        synced.results[{of.nodeid, step}] = entry.at("result");
    }
    *this = synced;
}

RunState FakeRun::request_rollback(const std::string &token, bool discard, bool not_started, bool gives_back) {
    const auto id = caller(token);
    if (plan.state == RunState::RollingBack || plan.state == RunState::Aborted) {
        return plan.state;
    }
    bool would_lose = false;
    for (const auto &of : plan.nodes) {
        const bool is_denied = not_started && of.nodeid == id && state(id, "start") != StepState::Done;
        const bool may_be_started = of.role == Role::Primary && attempted.contains({of.nodeid, "start"}) && !is_denied;
        if (may_be_started && (takes_old_files(method) || !discard)) {
            refuse(code::kNotInStateFor, "the new cluster has been started on " + of.name);
        }
        would_lose = would_lose || may_be_started;
    }
    const bool is_operators = id == 0;  // the monitor's own helper
    if (would_lose && !is_operators) {
        return plan.state;  // only asked for
    }
    is_given_back = gives_back;
    roll_back(discard);
    return plan.state;
}

void FakeRun::roll_back(bool discard) {
    discards = discards || discard;
    plan.state = RunState::RollingBack;
    for (const auto &of : plan.nodes) {
        for (const auto *step : steps_of(of.role)) {
            if (step->phase != Phase::Prepare && attempted.contains({of.nodeid, std::string(step->name)})) {
                rollback.emplace(of.nodeid, false);
            }
        }
    }
    if (rollback.empty()) {
        plan.state = RunState::Aborted;
    }
}

void FakeRun::finish_rollback(const std::string &token, const nlohmann::json &result) {
    const auto id = caller(token);
    if (plan.state != RunState::RollingBack) {
        return;
    }
    if (const auto found = rollback.find(id); found != rollback.end() && !found->second) {
        found->second = true;
        undone[id] = result;
    }
    if (nodes_to_roll_back().empty()) {
        plan.state = RunState::Aborted;
        if (is_given_back) {
            begin_again();
        }
    }
}

void FakeRun::begin_again() {
    ++attempt;
    plan.state = RunState::Preparing;
    plan.gate_open = false;
    for (auto &of : plan.nodes) {
        std::ranges::fill(of.states, StepState::Pending);
    }
    attempted.clear();
    results.clear();
    errors.clear();
    rollback.clear();
    undone.clear();
    leases.clear();
}

nlohmann::json FakeRun::document(std::int64_t id) {
    const auto &of = node(id);
    const auto secondaries = static_cast<int>(plan.nodes.size()) - 2;
    auto document = assignment_document(of.role, secondaries);
    document["node"]["id"] = id;
    document["node"]["name"] = of.name;
    document["state"] = to_string(plan.state);
    document["method"] = method;
    document["discards_new_data"] = discards;
    document["on_failure"] = on_failure;
    document["attempt"] = attempt;
    for (std::size_t at = 0; at < of.states.size(); ++at) {
        document["steps"][at]["state"] = to_string(of.states[at]);
    }
    return document;
}

nlohmann::json FakeRun::shown() const {
    nlohmann::json shown{{"state", to_string(plan.state)}, {"discards", discards}};
    for (const auto &of : plan.nodes) {
        const auto steps = steps_of(of.role);
        for (std::size_t at = 0; at < steps.size(); ++at) {
            const std::string name(steps[at]->name);
            auto &step = shown[of.name][name];
            step["state"] = to_string(of.states[at]);
            if (const auto result = results.find({of.nodeid, name}); result != results.end()) {
                step["result"] = result->second;
            }
            if (const auto error = errors.find({of.nodeid, name}); error != errors.end()) {
                step["error"] = error->second;
            }
        }
        if (const auto found = undone.find(of.nodeid); found != undone.end()) {
            shown[of.name]["undone"] = found->second;
        }
    }
    return shown;
}

}  // namespace pgaf
