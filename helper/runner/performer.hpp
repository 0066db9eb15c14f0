#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "runner/parts.hpp"

namespace pgaf {

// Performs the steps: each is begun, done and failed in the journal and on the monitor, whatever it throws.
class Performer {
  public:
    explicit Performer(const RunnerParts &parts);

    // Throws HelperError, as the process is to end: StepFailed, CheckFailed or Refused. `when_failed` is called before
    // the monitor hears of it, for what cannot wait for a monitor that is away.
    void perform(
        std::string_view step,
        const std::function<void(const HelperError &)> &when_failed = [](const HelperError &) {});

    // Beside the later steps, in a thread of its own.
    void perform_in_background(std::string_view step);
    [[nodiscard]] bool has_background() const { return background_runs_; }
    // The new cluster's server runs without a service until pg_autoctl is started over it: what a power cut or the
    // kernel has ended in between is started by nobody else.
    void keep_server_up();

    // Waits until it has ended.
    void join_background() { background_ = {}; }
    // Throws what it has failed with, if it has.
    void require_background();

  private:
    // With the error as the process ends by.
    [[nodiscard]] static HelperError failure_of(std::string_view step, const HelperError &error);
    [[nodiscard]] nlohmann::json carry_out(Workplace &workplace, MonitorLink &link, const Assignment &plan,
                                           std::string_view step, bool waits_for_monitor);
    void begin_here(std::string_view step);
    void end_here(std::string_view step, const nlohmann::json &result);
    void fail_here(std::string_view step, const HelperError &error);
    void work_in_background(const std::string &step, const Assignment &plan);
    static void report_failure(std::string_view step, const std::function<void()> &report);

    const RunnerParts &parts_;
    std::mutex mutex_;                    // guards failure_
    std::optional<HelperError> failure_;  // of the background step
    std::atomic<bool> background_runs_{false};
    std::jthread background_;  // last: it ends before the rest goes
};

}  // namespace pgaf
