#include "view/change_log.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "view/clock.hpp"
#include "view/text.hpp"

namespace pgaf {

namespace {

std::string line_of(const RunRecord &run, const NodeRecord &node, const StepRecord &step) {
    auto text = fmt::format("{} {}: {}", label_of(run, node), step.name, to_string(step.state));
    if (step.state == StepState::Done && step.started_at && step.finished_at) {
        text += fmt::format(" after {}", duration(*step.finished_at - *step.started_at));
    }
    for (const auto &warning : step.warnings) {
        text += fmt::format("; warning: {}: {} | {}", warning.object, warning.error, warning.remedy);
    }
    if (step.state == StepState::Failed) {
        text += fmt::format(": {}{}", step.error, step.hint.empty() ? "" : " | " + step.hint);
    }
    return text;
}

}  // namespace

std::vector<std::string> ChangeLog::changes(const RunRecord &run) {
    std::vector<std::pair<double, std::string>> found;
    const auto add = [&](double at, const std::string &text) {
        found.emplace_back(at, printable(fmt::format("{} {}", clock_time(at), text)));
    };
    if (!has_begun_) {
        add(run.at, fmt::format("run {} to PostgreSQL {}: {}, {} nodes", run.run, run.target_version,
                                to_string(run.state), run.nodes.size()));
    } else if (is_away_) {
        add(run.at, "the monitor answers again");
    }
    for (const auto &node : run.nodes) {
        for (const auto &step : node.steps) {
            const std::pair now{step.state, step.attempts};
            const auto [known, is_new] = steps_.try_emplace({node.id, step.name}, now);
            if ((is_new && step.state != StepState::Pending && step.state != StepState::Done) ||
                (!is_new && known->second != now)) {
                known->second = now;
                const auto at = step.state == StepState::Running ? step.started_at : step.finished_at;
                add(at.value_or(run.at), line_of(run, node, step));
            }
        }
    }
    const auto refused = refused_spans(run);
    if (lasts(refused) != refused_) {
        refused_ = lasts(refused);
        add(refused_ ? refused.back().from : run.at,
            refused_ ? std::string("writes are refused")
                     : fmt::format("writes are accepted again, refused for {}", duration(*longest(refused, run.at))));
    }
    if (has_begun_ && run.state != state_) {
        add(run.ended_at.value_or(run.at), fmt::format("run {}: {}{}", run.run, to_string(run.state),
                                                       run.end_reason.empty() ? "" : ": " + run.end_reason));
    }
    if (run.waiting_for != waiting_for_ && !run.waiting_for.empty()) {
        add(run.at, "waiting for " + run.waiting_for);
    }
    has_begun_ = true;
    is_away_ = false;
    state_ = run.state;
    waiting_for_ = run.waiting_for;

    std::ranges::stable_sort(found, {}, &std::pair<double, std::string>::first);
    std::vector<std::string> lines;
    for (auto &[at, line] : found) {
        lines.push_back(std::move(line));
    }
    return lines;
}

std::optional<std::string> ChangeLog::away(double now) {
    if (is_away_) {
        return std::nullopt;
    }
    is_away_ = true;
    return fmt::format("{} the monitor does not answer: asked again until it does", clock_time(now));
}

}  // namespace pgaf
