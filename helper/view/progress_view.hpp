#pragma once

#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/steps.hpp"

namespace pgaf {

// What `run` shows of this node's steps: on a terminal a table that is drawn anew, elsewhere a line for
// each change. Called from several threads.
class ProgressView {
  public:
    explicit ProgressView(std::FILE *out = stdout);

    // The heading, and the steps of a node of that role as they are.
    void begin(const std::string &heading, Role role, const std::vector<std::pair<std::string, StepState>> &steps);
    void begun(std::string_view step);
    void progress(std::string_view step, const std::string &text);
    void done(std::string_view step, const std::string &warnings = {});  // those are shown beside it
    void failed(std::string_view step, const std::string &error);
    void waiting(const std::string &for_what);
    void note(const std::string &text);

  private:
    struct Line {
        std::string step;
        std::string title;
        std::string guide;
        StepState state = StepState::Pending;
        std::string text;
        std::chrono::steady_clock::time_point since;
        double seconds = -1;
    };

    Line *find(std::string_view step);
    void change(std::string_view step, StepState state, const std::string &text);
    void draw();

    std::FILE *out_;
    std::mutex mutex_;
    bool is_terminal_;
    int width_ = 80;
    std::vector<Line> lines_;
    std::string heading_;
    std::string waiting_;
    std::size_t drawn_ = 0;  // lines on the screen
};

}  // namespace pgaf
