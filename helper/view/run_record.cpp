#include "view/run_record.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

namespace pgaf {

namespace {

constexpr double kSilentAfter = 30;  // seconds; the lease of a helper ends then

const StepRecord *step_named(const NodeRecord &node, std::string_view name) {
    const auto found = std::ranges::find(node.steps, name, &StepRecord::name);
    return found == node.steps.end() ? nullptr : &*found;
}

RunPlan plan_of(const RunRecord &run) {
    RunPlan plan{.state = run.state, .gate_open = false, .nodes = {}};
    plan.gate_open = gate_is_open(run.state, !run.not_before || *run.not_before <= run.at);
    for (const auto &node : run.nodes) {
        NodePlan planned{.nodeid = node.id,
                         .name = node.name,
                         .formation = node.formation,
                         .group = node.group,
                         .role = node.role,
                         .rank = node.rank,
                         .is_kept = node.is_kept,
                         .states = {}};
        for (const auto &step : node.steps) {
            planned.states.push_back(step.state);
        }
        plan.nodes.push_back(std::move(planned));
    }
    return plan;
}

std::string why_none_is_due(const RunPlan &plan, const NodePlan &node) {
    if (node.states.size() != steps_of(node.role).size()) {
        return "";  // of another version, which this one cannot speak for
    }
    const auto next = next_step(plan, node);
    return next.step != nullptr ? fmt::format("about to begin: {}", next.step->title)
                                : fmt::format("waits for {}", next.wait.what);
}

std::string missing_helper(const RunRecord &run, const NodeRecord &node) {
    if (run.has_ended()) {
        return "";
    }
    if (!node.helper_heard_at) {
        return "no helper yet: pgaf-upgrade run there";
    }
    const auto silence = run.at - *node.helper_heard_at;
    return silence > kSilentAfter ? fmt::format("helper silent for {:.0f} s", silence) : "";
}

Activity activity_of(const RunRecord &run, const NodeRecord &node, const RunPlan &plan, const NodePlan &planned) {
    using Kind = Activity::Kind;
    if (node.rollback_asked_at) {
        return node.rollback_done_at
                   ? Activity{Kind::Done, "as before the upgrade", std::nullopt, node.discarded}
                   : Activity{Kind::Works, "undoes its part: pgaf-upgrade run there", node.rollback_asked_at, {}};
    }
    if (const auto failed = std::ranges::find(node.steps, StepState::Failed, &StepRecord::state);
        failed != node.steps.end()) {
        return {Kind::Failed, failed->name + " failed", std::nullopt,
                failed->error + (failed->hint.empty() ? "" : "\n" + failed->hint)};
    }
    if (run.state == RunState::Aborted || run.state == RunState::RollingBack) {
        return {Kind::Done, "nothing that serves was changed", std::nullopt, {}};
    }
    const StepRecord *at_work = nullptr;
    for (const auto &step : node.steps) {
        if (step.state == StepState::Running && (at_work == nullptr || at_work->background)) {
            at_work = &step;
        }
    }
    const auto missing = missing_helper(run, node);
    if (at_work != nullptr) {
        return {missing.empty() ? Kind::Works : Kind::Failed, at_work->title, at_work->started_at,
                missing.empty() ? at_work->progress : missing + ": pgaf-upgrade run there"};
    }
    if (count_of(node, StepState::Done) == node.steps.size()) {
        return {Kind::Done, open_warnings(node) > 0 ? "done with warnings" : "done", std::nullopt, {}};
    }
    return {Kind::Waits, missing.empty() ? why_none_is_due(plan, planned) : missing, std::nullopt, {}};
}

}  // namespace

const NodeRecord *RunRecord::node(std::int64_t id) const {
    const auto found = std::ranges::find(nodes, id, &NodeRecord::id);
    return found == nodes.end() ? nullptr : &*found;
}

std::string label_of(const RunRecord &run, const NodeRecord &node) {
    const bool is_alone = std::ranges::count(run.nodes, node.name, &NodeRecord::name) <= 1;
    return is_alone || node.formation.empty() ? node.name : fmt::format("{}/{}", node.formation, node.name);
}

std::vector<Span> refused_spans(const RunRecord &run) {
    std::vector<Span> spans;
    for (const auto &node : run.nodes) {
        const auto *stop = step_named(node, steps::kStop);
        const auto *start = step_named(node, steps::kStart);
        if (node.role != Role::Primary || stop == nullptr || start == nullptr || !stop->first_started_at) {
            continue;
        }
        const bool is_started = start->state == StepState::Done;
        Span span{.formation = node.formation,
                  .group = node.group,
                  .from = *stop->first_started_at,
                  .to = is_started ? start->finished_at : node.rollback_done_at};
        spans.push_back(span);
        // the new server was stopped again, to go back to the old one
        if (is_started && node.rollback_asked_at) {
            span.from = *node.rollback_asked_at;
            span.to = node.rollback_done_at;
            spans.push_back(span);
        }
    }
    return spans;
}

std::vector<Span> unprotected_spans(const RunRecord &run) {
    using Group = std::pair<std::string, int>;
    std::map<Group, std::set<std::int64_t>> secondaries;
    for (const auto &node : run.nodes) {
        if (node.role == Role::Secondary) {
            secondaries[{node.formation, node.group}].insert(node.id);
        }
    }
    std::vector<Span> spans;
    for (const auto &[group, members] : secondaries) {
        // enters and leaves, in time; at the same instant it is first left
        std::vector<std::pair<double, int>> changes;
        for (const auto &[id, span] : run.maintenance) {
            if (members.contains(id)) {
                changes.emplace_back(span.from, 1);
                if (span.to) {
                    changes.emplace_back(*span.to, -1);
                }
            }
        }
        std::ranges::sort(changes);
        std::size_t absent = 0;
        for (const auto &[at, change] : changes) {
            const bool were_all = absent == members.size();
            absent += static_cast<std::size_t>(change);
            if (absent == members.size()) {
                spans.push_back({.formation = group.first, .group = group.second, .from = at, .to = std::nullopt});
            } else if (were_all) {
                spans.back().to = at;
            }
        }
    }
    return spans;
}

std::optional<double> longest(const std::vector<Span> &spans, double now) {
    std::optional<double> seconds;
    for (const auto &span : spans) {
        seconds = std::max(seconds.value_or(0), span.to.value_or(now) - span.from);
    }
    return seconds;
}

bool lasts(const std::vector<Span> &spans) {
    return std::ranges::any_of(spans, [](const Span &span) { return !span.to; });
}

std::size_t count_of(const NodeRecord &node, StepState state) {
    return static_cast<std::size_t>(std::ranges::count(node.steps, state, &StepRecord::state));
}

std::size_t count_of(const RunRecord &run, StepState state) {
    std::size_t count = 0;
    for (const auto &node : run.nodes) {
        count += count_of(node, state);
    }
    return count;
}

std::size_t open_warnings(const NodeRecord &node) {
    std::size_t open = 0;
    for (const auto &step : node.steps) {
        open += step.open_warnings();
    }
    return open;
}

std::size_t open_warnings(const RunRecord &run) {
    std::size_t open = 0;
    for (const auto &node : run.nodes) {
        open += open_warnings(node);
    }
    return open;
}

std::string state_in_words(const StepRecord &step) {
    return std::string(to_string(step.state)) + (step.open_warnings() > 0 ? " with warnings" : "");
}

std::vector<Activity> activities_of(const RunRecord &run) {
    const auto plan = plan_of(run);
    std::vector<Activity> activities;
    for (std::size_t at = 0; at < run.nodes.size(); ++at) {
        activities.push_back(activity_of(run, run.nodes[at], plan, plan.nodes[at]));
    }
    return activities;
}

}  // namespace pgaf
