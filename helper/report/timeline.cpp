#include "report/timeline.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "report/html.hpp"
#include "view/clock.hpp"
#include "view/text.hpp"

namespace pgaf {

namespace {

// Units of the picture, which are pixels where it is 1,100 wide.
constexpr double kWidth = 1100;
constexpr double kNames = 130;
constexpr double kRow = 22;
constexpr double kPad = 6;
constexpr double kTop = 26;
constexpr double kGap = 54;
constexpr double kCharacter = 6.4;  // of text of 11 units, on the average
constexpr double kThinnest = 1.5;

double round_tick(double least) {
    constexpr std::array kTicks{0.1,   0.2,   0.5,   1.0,   2.0,    5.0,    10.0,   15.0,    30.0,   60.0,
                                120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0};
    const auto *found = std::ranges::find_if(kTicks, [&](double tick) { return tick >= least; });
    return found == kTicks.end() ? 86400.0 * std::ceil(least / 86400.0) : *found;
}

std::string tick_text(double seconds, double tick) {
    if (tick < 1) {
        return fmt::format("{:.1f} s", seconds + 0.0);  // which is no -0.0
    }
    const auto whole = std::llround(seconds);
    if (tick < 60 && whole < 120) {
        return fmt::format("{} s", whole);
    }
    if (whole < 3600) {
        return fmt::format("{}:{:02}", whole / 60, whole % 60);
    }
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

double end_of(const StepRecord &step, double now) {
    return step.state == StepState::Running ? now : step.finished_at.value_or(now);
}

// What begins while another still runs goes into the next row.
std::vector<std::vector<const StepRecord *>> rows_of(const NodeRecord &node, double now) {
    std::vector<std::vector<const StepRecord *>> rows;
    std::vector<const StepRecord *> steps;
    for (const auto &step : node.steps) {
        if (step.started_at && step.state != StepState::Pending) {
            steps.push_back(&step);
        }
    }
    // what runs beside the others, below them
    std::ranges::stable_sort(steps, {},
                             [](const auto *step) { return std::pair(step->background, *step->started_at); });
    for (const auto *step : steps) {
        const auto is_free = [&](const auto &row) {
            return std::ranges::none_of(row, [&](const auto *other) {
                return *step->started_at < end_of(*other, now) - 0.0005 &&
                       *other->started_at < end_of(*step, now) - 0.0005;
            });
        };
        auto row = std::ranges::find_if(rows, is_free);
        if (row == rows.end()) {
            rows.emplace_back();
            row = std::prev(rows.end());
        }
        row->push_back(step);
    }
    for (auto &row : rows) {
        std::ranges::sort(row, {}, [](const auto *step) { return *step->started_at; });
    }
    if (rows.empty()) {
        rows.emplace_back();
    }
    return rows;
}

std::vector<std::pair<double, double>> busy_spans(const RunRecord &run) {
    std::vector<std::pair<double, double>> spans;
    for (const auto &node : run.nodes) {
        for (const auto &step : node.steps) {
            if (step.started_at && step.state != StepState::Pending) {
                spans.emplace_back(step.first_started_at.value_or(*step.started_at), end_of(step, run.at));
            }
        }
        if (node.rollback_asked_at) {
            spans.emplace_back(*node.rollback_asked_at, node.rollback_done_at.value_or(run.at));
        }
    }
    for (const auto &span : refused_spans(run)) {
        spans.emplace_back(span.from, span.to.value_or(run.at));
    }
    if (spans.empty()) {
        spans.emplace_back(run.started_at, std::max(run.ended_at.value_or(run.at), run.started_at + 1));
    }
    return spans;
}

class Picture {
  public:
    Picture(const RunRecord &run, TimeScale scale) : run_(run), scale_(std::move(scale)) {}

    std::string draw(const std::string &title) {
        std::string lanes;
        double y = kTop;
        const auto refused = refused_spans(run_);
        const auto unprotected = unprotected_spans(run_);
        std::string group;
        for (const auto &node : run_.nodes) {
            const auto name = fmt::format("{}/{}", node.formation, node.group);
            if (node.role != Role::Monitor && name != group) {
                group = name;
                y = add_group(lanes, node, refused, unprotected, y);
            }
            y = add_node(lanes, node, y);
        }
        const auto height = y + 4;
        std::string body = grid(y);
        for (const auto &[span, style] : shades_) {
            body += fmt::format(R"(<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>)", style,
                                x(span.from), span.top, std::max(x(span.to) - x(span.from), kThinnest),
                                span.bottom - span.top);
        }
        return fmt::format(
            R"(<svg class="timeline" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}" xmlns="http://www.w3.org/2000/svg">)"
            "\n<title>{}</title>\n{}\n{}</svg>\n",
            kWidth, height, escape_html(title), escape_html(title), body, lanes);
    }

  private:
    struct Shade {
        double from, to, top, bottom;
    };

    [[nodiscard]] double x(double moment) const { return scale_.x_of(moment); }
    [[nodiscard]] bool is_visible(double from, double to) const { return to >= scale_.from() && from <= scale_.to(); }

    std::string name(const std::string &text, const std::string &more, double y) const {
        const auto shown = cut(text, 17);
        return fmt::format(R"(<text class="name" x="{:.0f}" y="{:.1f}">{}<title>{}</title></text>)", kNames - 8, y,
                           escape_html(shown), escape_html(text + more));
    }

    // A bar with its text in it, or beside it where it has no room, or else only in its tooltip.
    std::string bar(double from, double to, double y, const std::string &style, const std::string &text,
                    const std::string &tooltip, double room_beside) const {
        const auto left_end = x(std::max(from, scale_.from()));
        const auto right_end = x(std::min(to, scale_.to()));
        const auto width = std::max(right_end - left_end, kThinnest);
        std::string shown;
        const auto needed = static_cast<double>(display_width(text)) * kCharacter + 8;
        if (needed <= width) {
            shown = fmt::format(R"(<text class="in {}" x="{:.1f}" y="{:.1f}">{}</text>)", style, left_end + 4,
                                y + kRow - 8, escape_html(text));
        } else if (needed <= room_beside - width) {
            shown = fmt::format(R"(<text class="beside" x="{:.1f}" y="{:.1f}">{}</text>)", left_end + width + 4,
                                y + kRow - 8, escape_html(text));
        }
        return fmt::format(
            R"(<g><rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.0f}" rx="2"/>{}<title>{}</title></g>)"
            "\n",
            style, left_end, y, width, kRow - 4, shown, escape_html(tooltip));
    }

    double add_group(std::string &lanes, const NodeRecord &node, const std::vector<Span> &refused,
                     const std::vector<Span> &unprotected, double y) {
        const auto top = y;
        double bottom = y;
        const auto lanes_below = group_height(node);
        const auto add = [&](const std::vector<Span> &spans, const char *style, const char *what, const char *text) {
            std::vector<Span> shown;
            std::ranges::copy_if(spans, std::back_inserter(shown), [&](const Span &span) {
                return span.formation == node.formation && span.group == node.group &&
                       is_visible(span.from, span.to.value_or(run_.at));
            });
            if (shown.empty()) {
                return;
            }
            lanes += name(what, node.formation.empty() ? "" : fmt::format(" of {}/{}", node.formation, node.group),
                          bottom + kRow - 8);
            for (std::size_t at = 0; at < shown.size(); ++at) {
                const auto &span = shown[at];
                const auto to = span.to.value_or(run_.at);
                const auto words = fmt::format("{} {}{}", text, duration(to - span.from), span.to ? "" : " and on");
                const auto end = at + 1 < shown.size() ? x(shown[at + 1].from) : kWidth;
                lanes += bar(span.from, to, bottom, style, words, words, end - x(span.from));
                shades_.emplace_back(Shade{std::max(span.from, scale_.from()), std::min(to, scale_.to()), top, 0},
                                     fmt::format("shade {}", style));
            }
            bottom += kRow;
        };
        const auto first = shades_.size();
        add(refused, "refused", "writes", "refused");
        add(unprotected, "unprotected", "standby", "none for");
        for (auto at = first; at < shades_.size(); ++at) {
            shades_[at].first.bottom = bottom + lanes_below;
        }
        return bottom + (bottom > top ? kPad : 0);
    }

    [[nodiscard]] double group_height(const NodeRecord &of) const {
        double height = 0;
        for (const auto &node : run_.nodes) {
            if (node.formation == of.formation && node.group == of.group && node.role != Role::Monitor) {
                height += kRow * static_cast<double>(rows_of(node, run_.at).size()) + kPad;
            }
        }
        return height;
    }

    double add_node(std::string &lanes, const NodeRecord &node, double y) {
        lanes += name(label_of(run_, node), fmt::format(", {}", to_string(node.role)), y + kRow - 8);
        bool is_first = true;
        for (const auto &row : rows_of(node, run_.at)) {
            for (std::size_t at = 0; at < row.size(); ++at) {
                add_step(lanes, *row[at], at + 1 < row.size() ? row[at + 1] : nullptr, y);
            }
            if (is_first && node.rollback_asked_at) {
                const auto to = node.rollback_done_at.value_or(run_.at);
                if (is_visible(*node.rollback_asked_at, to)) {
                    lanes += bar(*node.rollback_asked_at, to, y, "rollback", "rollback",
                                 fmt::format("rolled back in {}", duration(to - *node.rollback_asked_at)),
                                 kWidth - x(*node.rollback_asked_at));
                }
            }
            is_first = false;
            y += kRow;
        }
        return y + kPad;
    }

    void add_step(std::string &lanes, const StepRecord &step, const StepRecord *next, double y) const {
        const auto from = *step.started_at;
        const auto to = end_of(step, run_.at);
        const auto first = step.first_started_at.value_or(from);
        if (!is_visible(first, to)) {
            return;
        }
        const auto style = step.state == StepState::Failed    ? std::string("failed")
                           : step.state == StepState::Running ? std::string("running")
                                                              : std::string(to_string(step.phase));
        const auto tooltip = fmt::format("{} ({}): {} after {}, from {}{}{}", step.name, step.title,
                                         to_string(step.state), duration(to - from), clock_time(from),
                                         step.attempts > 1 ? fmt::format(", attempt {}", step.attempts) : "",
                                         step.error.empty() ? "" : ": " + step.error);
        if (first < from - 0.0005) {
            lanes += fmt::format(R"(<rect class="earlier" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="2"/>)",
                                 x(std::max(first, scale_.from())), y + kRow - 5,
                                 x(std::min(from, scale_.to())) - x(std::max(first, scale_.from())));
        }
        const auto end = next == nullptr ? kWidth : x(std::min(*next->started_at, scale_.to()));
        lanes += bar(from, to, y, style, (step.state == StepState::Failed ? "✕ " : "") + step.name, tooltip,
                     end - x(std::max(from, scale_.from())));
    }

    [[nodiscard]] std::string grid(double height) const {
        std::string lines;
        const auto start = scale_.from();
        for (const auto &stretch : scale_.stretches()) {
            if (stretch.is_gap) {
                lines += fmt::format(
                    R"(<rect class="gap" x="{:.1f}" y="{:.0f}" width="{:.1f}" height="{:.1f}"/><text class="gap" x="{:.1f}" y="{:.0f}">{}</text>)"
                    "\n",
                    stretch.x + 2, kTop - 6, stretch.width - 4, height - kTop + 6, stretch.x + stretch.width / 2,
                    kTop - 10, duration(stretch.to - stretch.from));
                continue;
            }
            const auto tick = scale_.tick();
            for (auto at = std::ceil((stretch.from - start) / tick - 0.001) * tick; start + at <= stretch.to + 0.0005;
                 at += tick) {
                const auto where = x(start + at);
                lines += fmt::format(R"(<line class="grid" x1="{0:.1f}" x2="{0:.1f}" y1="{1:.0f}" y2="{2:.1f}"/>)",
                                     where, kTop - 6, height);
                if (where - last_tick_ >= 46 && where + 20 < kWidth) {
                    last_tick_ = where;
                    lines += fmt::format(R"(<text class="tick" x="{:.1f}" y="{:.0f}">{}</text>)", where, kTop - 10,
                                         tick_text(at, tick));
                }
                lines += "\n";
            }
        }
        return lines;
    }

    const RunRecord &run_;
    TimeScale scale_;
    std::vector<std::pair<Shade, std::string>> shades_;
    mutable double last_tick_ = -100;
};

}  // namespace

TimeScale::TimeScale(std::vector<std::pair<double, double>> busy, double x, double width) {
    std::ranges::sort(busy);
    std::vector<std::pair<double, double>> merged;
    double longest = 0;
    for (const auto &[from, to] : busy) {
        if (!merged.empty() && from <= merged.back().second) {
            merged.back().second = std::max(merged.back().second, to);
        } else {
            merged.emplace_back(from, to);
        }
    }
    for (const auto &[from, to] : merged) {
        longest += to - from;
    }
    // a pause that would take more of the picture than an eighth of what happened
    const auto pause = std::max(longest / 8, 1.0);
    for (const auto &[from, to] : merged) {
        if (!stretches_.empty() && from - stretches_.back().to <= pause) {
            stretches_.back().to = to;
            continue;
        }
        if (!stretches_.empty()) {
            stretches_.push_back({.from = stretches_.back().to, .to = from, .is_gap = true});
        }
        stretches_.push_back({.from = from, .to = to});
    }
    double seconds = 0;
    double gaps = 0;
    for (const auto &stretch : stretches_) {
        (stretch.is_gap ? gaps : seconds) += stretch.is_gap ? 1 : stretch.to - stretch.from;
    }
    seconds = std::max(seconds, 0.001);
    const auto gap = std::min(kGap, width / 2 / std::max(gaps, 1.0));
    const auto scale = (width - gaps * gap) / seconds;
    for (auto &stretch : stretches_) {
        stretch.x = x;
        stretch.width = stretch.is_gap ? gap : (stretch.to - stretch.from) * scale;
        x += stretch.width;
    }
    tick_ = round_tick(70 / scale);
}

double TimeScale::x_of(double moment) const {
    for (const auto &stretch : stretches_) {
        if (moment <= stretch.to || &stretch == &stretches_.back()) {
            const auto length = stretch.to - stretch.from;
            const auto part = length <= 0 ? 0 : std::clamp((moment - stretch.from) / length, 0.0, 1.0);
            return stretch.x + part * stretch.width;
        }
    }
    return 0;
}

std::string timeline(const RunRecord &run, const std::string &title, double from, double to) {
    auto spans = busy_spans(run);
    if (from < to) {
        spans = {{from, to}};
    }
    return Picture(run, TimeScale(std::move(spans), kNames, kWidth - kNames - 4)).draw(title);
}

std::pair<double, double> switch_to_enlarge(const RunRecord &run) {
    const auto spans = refused_spans(run);
    if (spans.empty()) {
        return {0, 0};
    }
    double from = spans.front().from;
    double to = from;
    for (const auto &span : spans) {
        from = std::min(from, span.from);
        to = std::max(to, span.to.value_or(run.at));
    }
    const TimeScale whole(busy_spans(run), 0, 1);
    const auto margin = std::max((to - from) * 0.15, 0.5);
    const bool is_well_seen = whole.x_of(to) - whole.x_of(from) > 0.4;
    return is_well_seen ? std::pair(0.0, 0.0) : std::pair(from - margin, to + margin);
}

}  // namespace pgaf
