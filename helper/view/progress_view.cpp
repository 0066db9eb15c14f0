#include "view/progress_view.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "system/shown.hpp"
#include "view/clock.hpp"
#include "view/text.hpp"

namespace pgaf {

namespace {

const char *mark_of(StepState state) {
    switch (state) {
        case StepState::Done:
            return "ok";
        case StepState::Running:
            return ">>";
        case StepState::Failed:
            return "!!";
        case StepState::Pending:
            break;
    }
    return "  ";
}

}  // namespace

ProgressView::ProgressView(std::FILE *out) : out_(out), is_terminal_(::isatty(::fileno(out)) == 1) {
    winsize size{};
    if (is_terminal_ && ::ioctl(::fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 20) {
        width_ = size.ws_col;
    }
}

ProgressView::Line *ProgressView::find(std::string_view step) {
    for (auto &line : lines_) {
        if (line.step == step) {
            return &line;
        }
    }
    return nullptr;
}

void ProgressView::begin(const std::string &heading, Role role,
                         const std::vector<std::pair<std::string, StepState>> &steps) {
    const std::lock_guard lock(mutex_);
    heading_ = heading;
    for (const auto &[name, state] : steps) {
        const auto *definition = find_step(role, name);
        lines_.push_back({.step = name,
                          .title = definition == nullptr ? name : std::string(definition->title),
                          .guide = definition == nullptr ? "" : std::string(definition->guide),
                          .state = state,
                          .text = {},
                          .since = {}});
    }
    if (is_terminal_) {
        draw();
    } else {
        fmt::print(out_, "{}\n", heading_);
        std::fflush(out_);
    }
}

void ProgressView::change(std::string_view step, StepState state, const std::string &text) {
    const std::lock_guard lock(mutex_);
    auto *line = find(step);
    if (line == nullptr) {
        return;
    }
    const bool runs = state == StepState::Running;
    const bool ran = line->state == StepState::Running;
    if (runs && !ran) {
        line->since = std::chrono::steady_clock::now();
    }
    if (!runs && ran) {
        line->seconds = seconds_since(line->since);
    }
    const bool state_changed = line->state != state;
    line->state = state;
    line->text = text;
    waiting_.clear();
    if (is_terminal_) {
        draw();
    } else if (state_changed) {
        const bool has_time = state == StepState::Done && line->seconds >= 0;
        fmt::print(out_, "{:<18} {:<36} {}{}{}\n", line->step, line->title, to_string(state),
                   has_time ? fmt::format(" {:.1f} s", line->seconds) : "", text.empty() ? "" : ": " + text);
        std::fflush(out_);
    }
}

void ProgressView::begun(std::string_view step) {
    change(step, StepState::Running, "");
}
void ProgressView::progress(std::string_view step, const std::string &text) {
    change(step, StepState::Running, text);
}
void ProgressView::done(std::string_view step, const std::string &warnings) {
    change(step, StepState::Done, warnings);
}
void ProgressView::failed(std::string_view step, const std::string &error) {
    change(step, StepState::Failed, error);
}

void ProgressView::waiting(const std::string &for_what) {
    const std::lock_guard lock(mutex_);
    const bool changed = waiting_ != for_what;
    waiting_ = for_what;
    if (is_terminal_) {
        draw();
    } else if (changed && !for_what.empty()) {
        fmt::print(out_, "waiting for {}\n", for_what);
        std::fflush(out_);
    }
}

void ProgressView::note(const std::string &text) {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
    if (is_terminal_) {
        draw();
    }
    fmt::print(out_, "{}\n", text);
    std::fflush(out_);
    drawn_ = 0;
}

void ProgressView::draw() {
    std::string screen = drawn_ > 0 ? fmt::format("{0}[{1}F{0}[J", escape(), drawn_) : "";
    drawn_ = 0;
    const auto add = [&](const std::string &text) {
        screen += cut(text, static_cast<std::size_t>(width_)) + "\n";
        ++drawn_;
    };
    if (!heading_.empty()) {
        add(heading_);
        add(fmt::format("   {:<18} {:<5} {:<36} {:>8}", "step", "guide", "", "seconds"));
    }
    for (const auto &line : lines_) {
        const auto seconds = line.state == StepState::Running ? seconds_since(line.since) : line.seconds;
        add(fmt::format("{} {:<18} {:<5} {:<36} {:>8}", mark_of(line.state), line.step, line.guide, line.title,
                        seconds >= 0 ? fmt::format("{:.1f}", seconds) : ""));
        if (!line.text.empty()) {
            add("     " + line.text);
        }
    }
    if (!waiting_.empty()) {
        add("waiting for " + waiting_);
    }
    std::fputs(screen.c_str(), out_);
    std::fflush(out_);
}

}  // namespace pgaf
