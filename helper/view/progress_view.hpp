#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace pgaf {

// What `run` shows of this node's steps: on a terminal a table that is drawn anew, elsewhere a line for
// each change. Called from several threads.
class ProgressView {
  public:
    ProgressView();

    void begin(const nlohmann::json &plan);
    void begun(const std::string &step);
    void progress(const std::string &step, const std::string &text);
    void done(const std::string &step);
    void failed(const std::string &step, const std::string &error);
    void waiting(const std::string &for_what);
    void note(const std::string &text);

  private:
    struct Line {
        std::string step;
        std::string title;
        std::string guide;
        std::string state;
        std::string text;
        std::chrono::steady_clock::time_point since;
        double seconds = -1;
    };

    Line *find(const std::string &step);
    void change(const std::string &step, const std::string &state, const std::string &text);
    void draw();

    std::mutex mutex_;
    bool is_terminal_;
    int width_ = 80;
    std::vector<Line> lines_;
    std::string heading_;
    std::string waiting_;
    std::size_t drawn_ = 0;  // lines on the screen
};

}  // namespace pgaf
