#include "view/progress_view.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

#include "core/steps.hpp"
#include "system/shown.hpp"
#include "view/clock.hpp"
#include "view/text.hpp"

namespace pgaf {

namespace {

const char *mark_of(const std::string &state) {
    if (state == "done") {
        return "ok";
    }
    return state == "running" ? ">>" : state == "failed" ? "!!" : "  ";
}

}  // namespace

ProgressView::ProgressView() : is_terminal_(::isatty(STDOUT_FILENO) == 1) {
    winsize size{};
    if (is_terminal_ && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) {
        width_ = size.ws_col;
    }
}

ProgressView::Line *ProgressView::find(const std::string &step) {
    for (auto &line : lines_) {
        if (line.step == step) {
            return &line;
        }
    }
    return nullptr;
}

void ProgressView::begin(const nlohmann::json &plan) {
    const std::lock_guard lock(mutex_);
    const auto &node = plan.at("node");
    heading_ = fmt::format("run {}: {} ({}) from PostgreSQL {} to {}", plan.at("run").get<std::int64_t>(),
                           node.at("name").get<std::string>(), node.at("role").get<std::string>(),
                           plan.at("source_version").is_null() ? "?" : plan.at("source_version").dump(),
                           plan.at("target_version").get<int>());
    const auto role = parse_role(node.at("role").get<std::string>()).value();
    for (const auto &step : plan.at("steps")) {
        const auto name = step.at("name").get<std::string>();
        const auto *definition = find_step(role, name);
        lines_.push_back({.step = name,
                          .title = definition == nullptr ? name : std::string(definition->title),
                          .guide = definition == nullptr ? "" : std::string(definition->guide),
                          .state = step.at("state"),
                          .text = {},
                          .since = {}});
    }
    if (is_terminal_) {
        draw();
    } else {
        fmt::print("{}\n", heading_);
        std::fflush(stdout);
    }
}

void ProgressView::change(const std::string &step, const std::string &state, const std::string &text) {
    const std::lock_guard lock(mutex_);
    auto *line = find(step);
    if (line == nullptr) {
        return;
    }
    if (state == "running" && line->state != "running") {
        line->since = std::chrono::steady_clock::now();
    }
    if (state != "running" && line->state == "running") {
        line->seconds = seconds_since(line->since);
    }
    const bool state_changed = line->state != state;
    line->state = state;
    line->text = text;
    waiting_.clear();
    if (is_terminal_) {
        draw();
    } else if (state_changed) {
        const auto seconds = line->seconds >= 0 ? fmt::format(" {:.1f} s", line->seconds) : "";
        fmt::print("{:<18} {:<36} {}{}{}\n", line->step, line->title, state, state == "done" ? seconds : "",
                   text.empty() ? "" : ": " + text);
        std::fflush(stdout);
    }
}

void ProgressView::begun(const std::string &step) {
    change(step, "running", "");
}
void ProgressView::progress(const std::string &step, const std::string &text) {
    change(step, "running", text);
}
void ProgressView::done(const std::string &step) {
    change(step, "done", "");
}
void ProgressView::failed(const std::string &step, const std::string &error) {
    change(step, "failed", error);
}

void ProgressView::waiting(const std::string &for_what) {
    const std::lock_guard lock(mutex_);
    const bool changed = waiting_ != for_what;
    waiting_ = for_what;
    if (is_terminal_) {
        draw();
    } else if (changed && !for_what.empty()) {
        fmt::print("waiting for {}\n", for_what);
        std::fflush(stdout);
    }
}

void ProgressView::note(const std::string &text) {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
    if (is_terminal_) {
        draw();
    }
    fmt::print("{}\n", text);
    std::fflush(stdout);
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
        const auto seconds = line.state == "running" ? seconds_since(line.since) : line.seconds;
        add(fmt::format("{} {:<18} {:<5} {:<36} {:>8}", mark_of(line.state), line.step, line.guide, line.title,
                        seconds >= 0 ? fmt::format("{:.1f}", seconds) : ""));
        if (!line.text.empty() && line.state != "done") {
            add("     " + line.text);
        }
    }
    if (!waiting_.empty()) {
        add("waiting for " + waiting_);
    }
    std::fputs(screen.c_str(), stdout);
    std::fflush(stdout);
}

}  // namespace pgaf
