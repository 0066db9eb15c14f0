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

    // What this node was asked for, or has begun of itself, and the monitor may not have been asked: by a helper that
    // was killed, too.
    void ask_again();

    // Whether the old cluster serves again by itself where this step has failed. Only while its files are whole.
    [[nodiscard]] bool gives_back(std::string_view step);
    // It serves again, whether the monitor is there or not.
    void give_back(std::string_view step, const HelperError &error);
    // The other nodes go back as well. Throws PgError(kNotInStateFor) where the monitor does not have them follow.
    void have_others_follow();

    // The run is rolled back, or this node has begun to. Returns false when it is not yet this node's turn.
    [[nodiscard]] bool go_back(const Due &due);

    // What the monitor's own node has begun, if it has: its server, which would say what is due, may be between its
    // clusters.
    void go_on_alone();

  private:
    // Every step behind the gate, or behind `last`, the last first. Each undo() can be repeated, so that after a crash
    // the whole is simply begun again.
    void undo_steps(std::string_view last = {});
    void serve_old_cluster();
    void give_up_new_data();
    struct Wish {
        std::string reason;
        bool discard_new_data = false;
        bool is_interrupted_start = false;  // the primary's files show that the new server was not started
        bool gives_back = false;            // the switch has failed: the run is prepared again
    };
    void note(const Wish &wish);
    // What was asked for on this node, where this attempt has not begun to go back.
    [[nodiscard]] std::optional<Wish> open_wish() const;
    void attach_and_ask(const Wish &wish);
    [[nodiscard]] RunState ask(const Wish &wish);
    void undo(const std::string &step);
    void undo_and_report(const std::string &reason);
    [[nodiscard]] bool take_monitor_back();
    void refuse_to_lose(const Assignment &plan);

    const RunnerParts &parts_;
    Performer &performer_;
};

}  // namespace pgaf
