#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "runner/settings.hpp"
#include "runner/step_progress.hpp"
#include "runner/workplace.hpp"

namespace pgaf {

// While it lives, keeps this node's lease and tells the monitor how far its steps are, in a thread of its own.
class Heartbeat {
  public:
    Heartbeat(OpenWorkplace open, std::string token, StepProgress &progress, const RunnerSettings &settings);

  private:
    void beat(const std::stop_token &stop);
    void beat_once(Workplace &workplace);

    OpenWorkplace open_;
    std::string token_;
    StepProgress &progress_;
    const RunnerSettings &settings_;
    std::mutex mutex_;
    std::condition_variable_any stopped_;
    std::jthread thread_;  // last: it ends before the rest goes
};

}  // namespace pgaf
