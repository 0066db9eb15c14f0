#include "view/screen.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include <fmt/format.h>

#include "view/clock.hpp"
#include "view/text.hpp"

namespace pgaf {

namespace {

using Kind = Activity::Kind;

constexpr std::size_t kName = 14;
constexpr std::size_t kRole = 10;
constexpr std::size_t kBar = 8;
constexpr std::size_t kTime = 11;
constexpr std::size_t kMinimum = 60;  // columns that are reckoned with; a narrower screen shows the left of them

Style style_of(RunState state) {
    switch (state) {
        case RunState::Finished:
            return Style::Good;
        case RunState::Aborted:
        case RunState::RollingBack:
            return Style::Bad;
        default:
            return Style::Busy;
    }
}

std::string words_of(RunState state) {
    return state == RunState::RollingBack ? "rolling back" : std::string(to_string(state));
}

std::string bar(std::size_t done, std::size_t all, std::size_t columns) {
    const auto filled = all == 0 ? 0 : done * columns / all;
    std::string text;
    for (std::size_t at = 0; at < columns; ++at) {
        text += at < filled ? "█" : "░";
    }
    return text;
}

std::string seconds_of(const StepRecord &step, double now) {
    if (!step.started_at || step.state == StepState::Pending) {
        return "";
    }
    return duration(step.state == StepState::Running ? now - *step.started_at
                                                     : step.finished_at.value_or(now) - *step.started_at);
}

Line title(const RunRecord &run, std::size_t columns) {
    const auto state = words_of(run.state);
    const auto from = run.source_version ? fmt::format("{}", *run.source_version) : "?";
    const auto text = fmt::format("run {}: PostgreSQL {} to {} by {}", run.run, from, run.target_version, run.method);
    return {{left(text, columns - display_width(state) - 1) + " ", Style::Strong}, {state, style_of(run.state)}};
}

Line total(const RunRecord &run, double now, std::size_t columns) {
    std::size_t all = 0;
    for (const auto &node : run.nodes) {
        all += node.steps.size();
    }
    const auto done = count_of(run, StepState::Done);
    const auto text =
        fmt::format("{} of {} steps, {}", done, all, duration(run.ended_at.value_or(now) - run.started_at));
    const auto width = columns - std::min(columns, display_width(text) + 2);
    return {{bar(done, all, width), style_of(run.state)}, {"  " + text}};
}

std::string expected(const std::optional<double> &seconds) {
    return seconds ? fmt::format(", about {} expected", duration(*seconds)) : "";
}

Line writes(const RunRecord &run, double now) {
    const auto spans = refused_spans(run);
    const auto seconds = longest(spans, now);
    if (!seconds) {
        return {{"writes      "},
                {run.has_ended() ? "were never refused" : "accepted" + expected(run.expected_refused_s)}};
    }
    if (lasts(spans)) {
        return {{"writes      "},
                {fmt::format("REFUSED for {}{}", duration(*seconds), expected(run.expected_refused_s)), Style::Bad}};
    }
    return {{"writes      "}, {"accepted again", Style::Good}, {fmt::format(", refused for {}", duration(*seconds))}};
}

std::string expected_return(const RunRecord &run) {
    return run.expected_redundancy_after_s ? fmt::format("; back about {} after the first refused write",
                                                         duration(*run.expected_redundancy_after_s))
                                           : "";
}

Line redundancy(const RunRecord &run, double now) {
    const auto spans = unprotected_spans(run);
    const auto seconds = longest(spans, now);
    if (std::ranges::count(run.nodes, Role::Secondary, &NodeRecord::role) == 0) {
        return {{"redundancy  "}, {"none: there is no secondary"}};
    }
    if (!seconds) {
        return {{"redundancy  "}, {run.has_ended() ? "was never lost" : "there" + expected_return(run)}};
    }
    if (lasts(spans)) {
        return {{"redundancy  "},
                {fmt::format("NONE for {}: no standby could take over", duration(*seconds)), Style::Bad}};
    }
    return {{"redundancy  "}, {"there again", Style::Good}, {fmt::format(", none for {}", duration(*seconds))}};
}

Line warnings(const RunRecord &run) {
    return {
        {"warnings    "},
        {fmt::format("{} open: SELECT pgaf_upgrade_acknowledge({}, 'note')", open_warnings(run), run.run), Style::Bad}};
}

Line heading(std::size_t columns) {
    return {{cut(fmt::format("   {}{}{}{}", left("node", kName), left("role", kRole), left("steps", kBar + 7), "now"),
                 columns),
             Style::Faint}};
}

std::pair<const char *, Style> mark_of(Kind kind) {
    switch (kind) {
        case Kind::Done:
            return {"ok", Style::Good};
        case Kind::Works:
            return {">>", Style::Busy};
        case Kind::Failed:
            return {"!!", Style::Bad};
        case Kind::Waits:
            return {"  ", Style::Faint};
    }
    return {"  ", Style::Plain};
}

Line node_line(const RunRecord &run, const NodeRecord &node, const Activity &activity, double now,
               std::size_t columns) {
    const auto [mark, style] = mark_of(activity.kind);
    const auto done = count_of(node, StepState::Done);
    const auto before = 3 + kName + kRole + kBar + 7;
    const auto time = activity.since ? duration(now - *activity.since) : "";
    const auto room = columns > before ? columns - before : 0;
    const auto for_time = time.empty() || room < kTime + 4 ? 0 : kTime;
    return {{fmt::format("{} ", mark), style},
            {left(label_of(run, node), kName - 1) + " "},
            {left(std::string(to_string(node.role)), kRole)},
            {bar(done, node.steps.size(), kBar), style},
            {fmt::format(" {:>5} ", fmt::format("{}/{}", done, node.steps.size()))},
            {left(activity.what, room - for_time), activity.kind == Kind::Works ? Style::Plain : style},
            {for_time == 0 ? "" : right(time, for_time)}};
}

void add_wrapped(std::vector<Line> &lines, const std::string &text, std::size_t indent, std::size_t columns,
                 Style style, std::size_t at_most) {
    auto wrapped = wrap(text, columns - indent);
    if (wrapped.size() > at_most) {
        wrapped.resize(at_most);
        wrapped.back() = cut(wrapped.back() + " …", columns - indent);
    }
    for (auto &line : wrapped) {
        lines.push_back({{std::string(indent, ' ') + line, style}});
    }
}

// What asks for attention first; a screen has not room for a hundred nodes.
std::vector<std::size_t> by_interest(const std::vector<Activity> &activities, std::size_t shown) {
    std::vector<std::size_t> order(activities.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (order.size() > shown) {
        const auto rank = [&](std::size_t at) {
            constexpr std::array kRanks{3, 2, 1, 0};  // in the order of Kind
            return kRanks.at(static_cast<std::size_t>(activities[at].kind));
        };
        std::ranges::stable_sort(order, {}, rank);
        order.resize(shown);
        std::ranges::sort(order);
    }
    return order;
}

std::string summary_of_others(const std::vector<Activity> &activities, const std::vector<std::size_t> &shown) {
    std::array<std::size_t, 4> counts{};
    for (std::size_t at = 0; at < activities.size(); ++at) {
        if (std::ranges::find(shown, at) == shown.end()) {
            ++counts.at(static_cast<std::size_t>(activities[at].kind));
        }
    }
    constexpr std::array kWords{"done", "waiting", "at work", "failed"};
    std::string text;
    for (std::size_t kind = 0; kind < counts.size(); ++kind) {
        if (counts.at(kind) > 0) {
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", counts.at(kind), kWords.at(kind));
        }
    }
    return fmt::format("   and {} more nodes: {}", activities.size() - shown.size(), text);
}

struct Happened {
    double at;
    Line line;
};

// The last things that happened, by the steps.
std::vector<Line> recent(const RunRecord &run, std::size_t count, std::size_t columns) {
    std::vector<Happened> all;
    const auto add = [&](double at, const std::string &node, const std::string &what, const std::string &state,
                         Style style, const std::string &time) {
        const auto used = 10 + kName + 9 + kTime;
        const auto room = columns > used ? columns - used : 0;
        all.push_back({at,
                       {{clock_time(at) + "  ", Style::Faint},
                        {left(node, kName - 1) + " "},
                        {left(what, room)},
                        {" " + left(state, 8), style},
                        {right(time, kTime)}}});
    };
    for (const auto &node : run.nodes) {
        for (const auto &step : node.steps) {
            if (step.state == StepState::Running && step.started_at) {
                add(*step.started_at, label_of(run, node), step.title, "begun", Style::Busy, "");
            } else if (step.state != StepState::Pending && step.finished_at) {
                add(*step.finished_at, label_of(run, node), step.title, std::string(to_string(step.state)),
                    step.state == StepState::Done ? Style::Good : Style::Bad, seconds_of(step, *step.finished_at));
            }
        }
    }
    if (run.approved_at) {
        add(*run.approved_at, "operator", "the gate was opened", "approved", Style::Strong, "");
    }
    std::ranges::stable_sort(all, {}, &Happened::at);
    std::vector<Line> lines;
    for (auto at = all.size() - std::min(all.size(), count); at < all.size(); ++at) {
        lines.push_back(std::move(all[at].line));
    }
    return lines;
}

bool is_monitor_at_its_upgrade(const RunRecord &run) {
    for (const auto &node : run.nodes) {
        const auto stop = std::ranges::find(node.steps, steps::kStop, &StepRecord::name);
        const auto start = std::ranges::find(node.steps, steps::kStart, &StepRecord::name);
        if (node.role == Role::Monitor && stop != node.steps.end() && start != node.steps.end()) {
            return stop->state != StepState::Pending && start->state != StepState::Done;
        }
    }
    return false;
}

std::string describe_absence(const RunRecord &run, double away_s) {
    return fmt::format("the monitor has not answered for {}{}; this is what was known before", duration(away_s),
                       is_monitor_at_its_upgrade(run) ? ", since it is being upgraded itself"
                                                      : ": the run goes on without it where it can");
}

std::vector<Line> fit_all(std::vector<Line> lines, std::size_t columns) {
    for (auto &line : lines) {
        line = fit(std::move(line), columns);
    }
    return lines;
}

std::string what_is_next(const RunRecord &run) {
    if (run.state == RunState::Finished) {
        return fmt::format("finished at {}", date_and_time(*run.ended_at));
    }
    if (run.state == RunState::Aborted) {
        return fmt::format("aborted at {}: {}", date_and_time(*run.ended_at), run.end_reason);
    }
    return "waiting for " + run.waiting_for;
}

}  // namespace

std::vector<Line> draw_screen(const RunRecord &run, double now, std::optional<double> away_s, ScreenSize size) {
    const auto columns = std::max(size.columns, kMinimum);
    std::vector<Line> lines{title(run, columns), total(run, now, columns), {}, writes(run, now), redundancy(run, now)};
    if (open_warnings(run) > 0) {
        lines.push_back(warnings(run));
    }
    lines.emplace_back();
    const auto room = [&](std::size_t kept) {
        return size.rows == 0 ? std::size_t{1000} : size.rows - std::min(size.rows, lines.size() + kept);
    };

    const auto activities = activities_of(run);
    lines.push_back(heading(columns));
    // a blank, what is waited for in three lines
    const auto shown = by_interest(activities, std::max<std::size_t>(room(6), 1));
    for (const auto at : shown) {
        lines.push_back(node_line(run, run.nodes[at], activities[at], now, columns));
    }
    if (shown.size() < activities.size()) {
        lines.push_back({{cut(summary_of_others(activities, shown), columns)}});
    }
    for (const auto at : shown) {
        if (!activities[at].more.empty() && room(6) > 0) {
            add_wrapped(lines, fmt::format("{}: {}", label_of(run, run.nodes[at]), activities[at].more), 3, columns,
                        activities[at].kind == Kind::Failed ? Style::Bad : Style::Faint,
                        std::min<std::size_t>(room(6), 4));
        }
    }

    lines.emplace_back();
    if (away_s) {
        add_wrapped(lines, describe_absence(run, *away_s), 0, columns, Style::Bad, 3);
    } else {
        add_wrapped(lines, what_is_next(run), 0, columns, run.has_ended() ? style_of(run.state) : Style::Strong, 3);
    }
    if (room(2) > 0) {
        lines.emplace_back();
        for (auto &line : recent(run, std::min<std::size_t>(room(1), 10), columns)) {
            lines.push_back(std::move(line));
        }
    }
    if (size.rows > 0 && lines.size() > size.rows) {
        lines.resize(size.rows);
    }
    return fit_all(std::move(lines), size.columns);
}

std::vector<Line> draw_steps(const RunRecord &run, double now, std::size_t columns) {
    std::vector<Line> lines;
    for (const auto &node : run.nodes) {
        lines.emplace_back();
        lines.push_back(
            {{cut(fmt::format("{} ({})", label_of(run, node), to_string(node.role)), columns), Style::Strong}});
        for (const auto &step : node.steps) {
            const auto style = step.open_warnings() > 0           ? Style::Busy
                               : step.state == StepState::Failed  ? Style::Bad
                               : step.state == StepState::Running ? Style::Busy
                               : step.state == StepState::Done    ? Style::Good
                                                                  : Style::Faint;
            lines.push_back(
                {{fmt::format("  {} {} {} ", left(step.name, 18), left(step.guide, 4), left(step.title, 36))},
                 {left(step.open_warnings() > 0 ? "warnings" : std::string(to_string(step.state)), 8), style},
                 {right(seconds_of(step, now), 9)}});
            const auto more = step.state == StepState::Failed    ? step.error + "\n" + step.hint
                              : step.state == StepState::Running ? step.progress
                                                                 : "";
            if (!more.empty()) {
                add_wrapped(lines, more, 4, columns, style, 20);
            }
            for (const auto &warning : step.warnings) {
                const auto of = step.acknowledged_at ? fmt::format("acknowledged by {}: ", step.acknowledged_by) : "";
                add_wrapped(lines, fmt::format("{}{}: {}\n{}", of, warning.object, warning.error, warning.remedy), 4,
                            columns, style, 20);
            }
        }
    }
    return fit_all(std::move(lines), columns);
}

}  // namespace pgaf
