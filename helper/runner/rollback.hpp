#pragma once

#include <optional>
#include <string>

#include "runner/parts.hpp"
#include "runner/performer.hpp"

namespace pgaf {

// Undoes this node's part of a run.
class Rollback {
  public:
    Rollback(const RunnerParts &parts, Performer &performer) : parts_(parts), performer_(performer) {}

    // Asks the monitor to have the run rolled back. Returns what the process ends by where nothing is left to do.
    [[nodiscard]] std::optional<ExitCode> request(const std::string &reason, bool discard_new_data);

    // What a helper that was killed was asked for, and may not have asked the monitor.
    void ask_again();

    // The run is rolled back, or this node has begun to. Returns false when it is not yet this node's turn.
    [[nodiscard]] bool go_back(const Due &due);

    // What the monitor's own node has begun, if it has: its server, which would say what is due, may be between its
    // clusters.
    void go_on_alone();

  private:
    // Every step behind the gate, the last first. Each undo() can be repeated, so that after a crash the whole is
    // simply begun again.
    void undo_steps();
    void give_up_new_data();
    struct Wish {
        std::string reason;
        bool discard_new_data = false;
        bool is_interrupted_start = false;  // the primary's files show that the new server was not started
    };
    [[nodiscard]] RunState ask(const Wish &wish);
    void undo(const std::string &step);
    void undo_and_report(const std::string &reason);
    [[nodiscard]] bool take_monitor_back();
    void refuse_to_lose(const Assignment &plan);

    const RunnerParts &parts_;
    Performer &performer_;
};

}  // namespace pgaf
