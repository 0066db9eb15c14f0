#include <algorithm>

#include <fmt/format.h>

#include "report/html.hpp"
#include "report/sections.hpp"
#include "view/clock.hpp"
#include "view/text.hpp"

namespace pgaf {

namespace {

struct Verdict {
    std::string style;
    std::string words;
};

std::string failed_steps(const RunRecord &run) {
    std::string text;
    for (const auto &node : run.nodes) {
        for (const auto &step : node.steps) {
            if (step.state == StepState::Failed) {
                text += fmt::format("{}{} on {}", text.empty() ? "" : ", ", step.name, label_of(run, node));
            }
        }
    }
    return text;
}

Verdict verdict_of(const RunRecord &run) {
    const auto from = run.source_version ? fmt::format("{} ", *run.source_version) : "";
    const auto versions = fmt::format("PostgreSQL {}to {}", from, run.target_version);
    const bool was_rolled_back =
        std::ranges::any_of(run.nodes, [](const NodeRecord &node) { return node.rollback_asked_at.has_value(); });
    switch (run.state) {
        case RunState::Finished:
            return open_warnings(run) > 0 ? Verdict{"warn", versions + ": upgraded, with warnings"}
                                          : Verdict{"good", versions + ": upgraded"};
        case RunState::Aborted:
            return was_rolled_back ? Verdict{"bad", versions + ": rolled back, the old cluster serves"}
                                   : Verdict{"warn", versions + ": aborted before anything that serves was changed"};
        case RunState::RollingBack:
            return {"bad", versions + ": being rolled back"};
        default:
            break;
    }
    if (!failed_steps(run).empty()) {
        return {"bad", versions + ": stopped, a step failed"};
    }
    return {"", fmt::format("{}: under way ({})", versions, to_string(run.state))};
}

std::string told(const RunRecord &run) {
    auto text = fmt::format("Run {}, of {} node{}, was started by {} at {}", run.run, run.nodes.size(),
                            run.nodes.size() == 1 ? "" : "s", run.started_by, date_and_time(run.started_at));
    if (run.approved_at) {
        text += fmt::format(", approved by {} at {}", run.approved_by, date_and_time(*run.approved_at));
    }
    if (run.ended_at) {
        text += fmt::format(", and {} at {}", run.state == RunState::Finished ? "finished" : "ended",
                            date_and_time(*run.ended_at));
    }
    return text + ".";
}

std::string figure(const std::string &value, const std::string &what) {
    return element("div", "class=\"figure\"", element_of_text("b", "", value) + element_of_text("span", "", what));
}

}  // namespace

std::string verdict_section(const Report &report) {
    const auto &run = report.run;
    const auto verdict = verdict_of(run);
    auto text = element_of_text("h1", "", verdict.words) + element_of_text("p", "", told(run));
    if (!run.end_reason.empty()) {
        text += element_of_text("p", "class=\"lines\"", "Reason: " + run.end_reason);
    }
    if (const auto failed = failed_steps(run); !failed.empty()) {
        text += element_of_text("p", "class=\"lines\"", "Failed: " + failed + ".");
    }
    for (const auto &node : run.nodes) {
        if (!node.discarded.empty()) {
            text += element_of_text("p", "class=\"lines\"",
                                    fmt::format("Given up on {}: {}.", label_of(run, node), node.discarded));
        }
    }
    if (!run.waiting_for.empty()) {
        text += element_of_text("p", "class=\"lines\"", "Waiting for " + run.waiting_for + ".");
    }
    if (!run.note.empty()) {
        text += element_of_text("p", "class=\"note lines\"", "Note: " + run.note);
    }

    const auto refused = refused_spans(run);
    const auto unprotected = unprotected_spans(run);
    const auto seconds = [&](const std::vector<Span> &spans) {
        const auto found = longest(spans, run.at);
        return found ? duration(*found) + (lasts(spans) ? " so far" : "") : std::string("never");
    };
    std::size_t total = 0;
    int failed_checks = 0;
    int waived = 0;
    for (const auto &node : run.nodes) {
        total += node.steps.size();
        failed_checks += node.checks_failed;
        waived += node.checks_waived;
    }
    auto figures = figure(seconds(refused), "writes refused");
    if (run.expected_refused_s) {
        figures += figure(duration(*run.expected_refused_s), "expected before the switch");
    }
    figures += figure(seconds(unprotected), "without a standby that could take over");
    if (run.redundancy_after_s) {
        figures += figure(duration(*run.redundancy_after_s), "until redundancy was back, from the first refused write");
    }
    if (run.expected_redundancy_after_s) {
        figures += figure(duration(*run.expected_redundancy_after_s), "expected until then");
    }
    figures += figure(duration(run.ended_at.value_or(run.at) - run.started_at), "from start to end");
    figures += figure(fmt::format("{} of {}", count_of(run, StepState::Done), total), "steps done");
    figures += figure(fmt::format("{}", failed_checks),
                      waived == 0 ? std::string("checks stand in the way")
                                  : fmt::format("checks stand in the way, {} waived", waived));
    return element("section", fmt::format("class=\"verdict {}\"", verdict.style), text) + "\n" +
           element("div", "class=\"figures\"", figures) + "\n";
}

}  // namespace pgaf
