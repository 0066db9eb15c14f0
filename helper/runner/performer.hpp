#pragma once

#include <atomic>
#include <functional>
#include <list>
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

    // Beside the later steps, each in a thread of its own.
    void perform_in_background(std::string_view step);
    [[nodiscard]] bool has_background() const;
    // The new cluster's server runs without a service until pg_autoctl is started over it: what a power cut or the
    // kernel has ended in between is started by nobody else.
    void keep_server_up();

    // Waits until all of them have ended.
    void join_background() { background_.clear(); }
    // Throws what one has failed with, if one has.
    void require_background();

  private:
    // With the error as the process ends by.
    [[nodiscard]] static HelperError failure_of(std::string_view step, const HelperError &error);
    // A step of best effort ends with a warning instead of an error.
    [[nodiscard]] nlohmann::json carry_out(Workplace &workplace, MonitorLink &link, const Assignment &plan,
                                           std::string_view step, bool waits_for_monitor);
    [[nodiscard]] nlohmann::json try_to_carry_out(Workplace &workplace, MonitorLink &link, const Assignment &plan,
                                                  std::string_view step, bool waits_for_monitor);
    void begin_here(std::string_view step);
    void end_here(std::string_view step, const nlohmann::json &result);
    void fail_here(std::string_view step, const HelperError &error);
    void work_in_background(const std::string &step, const Assignment &plan);
    static void report_failure(std::string_view step, const std::function<void()> &report);

    struct Background {
        std::atomic<bool> runs{true};
        std::jthread thread{};
    };

    const RunnerParts &parts_;
    std::mutex mutex_;                    // guards failure_
    std::optional<HelperError> failure_;  // of a background step
    std::list<Background> background_;    // last: they end before the rest goes
};

}  // namespace pgaf
