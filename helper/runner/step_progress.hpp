#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "runner/workplace.hpp"
#include "view/progress_view.hpp"

namespace pgaf {

// How far the steps are: shown at once, and told to the monitor with the next heartbeat. Used by several threads.
class StepProgress {
  public:
    explicit StepProgress(ProgressView &view) : view_(view) {}

    // This node's steps as the plan has them.
    void begin(const Assignment &plan);

    // For as long as this object is there.
    [[nodiscard]] Say of(std::string_view step);

    // What was said since the last call, by step.
    [[nodiscard]] std::map<std::string, std::string> take();

  private:
    ProgressView &view_;
    std::mutex mutex_;
    std::map<std::string, std::string> last_;
};

}  // namespace pgaf
