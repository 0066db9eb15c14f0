#pragma once

#include <optional>
#include <string_view>

#include "runner/gate.hpp"
#include "runner/parts.hpp"
#include "runner/performer.hpp"
#include "runner/rollback.hpp"

namespace pgaf {

// Asks the monitor what is due and does it, until the run has ended, nothing is due (once), a step fails or the
// operator stops it.
class Loop {
  public:
    Loop(const RunnerParts &parts, Gate &gate, Rollback &rollback, Performer &performer)
        : parts_(parts), gate_(gate), rollback_(rollback), performer_(performer) {}

    ExitCode run();

  private:
    // What the loop ends with; nothing: it goes on.
    using End = std::optional<ExitCode>;

    void go_on_by_journal();
    [[nodiscard]] bool wait_for_run();
    [[nodiscard]] End turn();
    [[nodiscard]] ExitCode end_of_finished();
    void require_background();
    [[nodiscard]] std::optional<Due> ask();
    void go_on_alone();
    [[nodiscard]] End go_back(const Due &due);
    [[nodiscard]] End wait(const Due &due);
    void perform(const Due &due);
    // In the foreground. One of the switch that fails is not thrown before the old cluster is given back.
    void perform_step(std::string_view step);
    void ask_to_follow();
    void wait_for_change();

    const RunnerParts &parts_;
    Gate &gate_;
    Rollback &rollback_;
    Performer &performer_;
    bool has_said_gone_ = false;                 // the terminal
    std::optional<HelperError> given_back_for_;  // what has failed, while this node goes back
};

}  // namespace pgaf
