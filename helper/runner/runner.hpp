#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "run/context.hpp"
#include "view/progress_view.hpp"

namespace pgaf {

// Performs this node's steps as they come due, until the run has ended, nothing is due (--once), a step
// fails or the operator stops it.
class Runner {
  public:
    Runner(const Node &node, Journal &journal, ProgressView &view);
    ~Runner();
    Runner(const Runner &) = delete;
    Runner &operator=(const Runner &) = delete;

    ExitCode run();

    // Asks the monitor to have the run rolled back, and undoes this node's part.
    ExitCode request_rollback(const std::string &reason, bool discard_new_data);

    // The monitor's host is lost for good: brings this node's part as far as it goes without one.
    ExitCode run_without_monitor();

  private:
    // A monitor that is away is asked again after it.
    static constexpr std::chrono::milliseconds kReconnect{300};
    // Of a step that the monitor's absence has interrupted; while it is away none is counted.
    static constexpr int kStepAttempts = 10;

    [[nodiscard]] const Assignment &plan() const;
    bool recall();  // the journal's last plan
    void show_plan();
    bool attach(bool resumed);
    void begin(Monitor &monitor, const std::string &step);
    [[nodiscard]] bool wait_for_run();
    [[nodiscard]] std::string offline_step() const;
    void sync_journal();
    void report_software();
    [[nodiscard]] std::string switch_step() const;
    bool tell(const std::string &what, const std::function<void()> &call);
    void keep_server_up(const Context &context);
    void close_gate_if_edited(const Due &due);
    void close_gate_if_hindered(const Due &due);
    [[nodiscard]] bool close_gate(const HelperError &error);
    [[nodiscard]] nlohmann::json carry_out(Monitor &monitor, const std::string &step);
    [[nodiscard]] nlohmann::json carry_out_patiently(Monitor &monitor, const std::string &step, bool offline);
    void perform(const std::string &step);
    void perform_in_background(const std::string &step);
    [[nodiscard]] nlohmann::json undo_steps();
    void roll_back(const std::string &reason);
    [[nodiscard]] bool roll_back_monitor();
    [[nodiscard]] bool is_going_back() const;
    bool go_back(const Due &due);
    void require_lost_monitor();
    void leave_monitor(const Context &context);
    void wait_for_change();
    void beat(const std::stop_token &stop);
    [[nodiscard]] Context context(Monitor &monitor, const std::string &step);

    // Repeats a call to the monitor while it is away.
    void deliver(Monitor &monitor, const std::string &what, const std::function<void()> &call);

    const Node &node_;
    Journal &journal_;
    ProgressView &view_;
    Monitor monitor_;
    std::string token_;
    std::optional<Assignment> plan_;

    std::mutex progress_mutex_;  // guards progress_ and failure_
    std::map<std::string, std::string> progress_;
    std::optional<HelperError> failure_;  // of a background step
    bool alone_ = false;                  // the monitor is away, and this node has steps that do not wait for it
    std::atomic<bool> background_runs_{false};
    std::jthread background_;
    std::jthread heartbeat_;
};

}  // namespace pgaf
