#pragma once

#include "run/journal.hpp"
#include "runner/monitor_link.hpp"
#include "runner/position.hpp"
#include "runner/step_progress.hpp"
#include "runner/workplace.hpp"
#include "view/progress_view.hpp"

namespace pgaf {

// Closes the gate again after this node has been looked at, and before it is changed: the run has to be approved anew.
class Gate {
  public:
    Gate(MonitorLink &link, const Position &position, Journal &journal, Workplace &workplace, StepProgress &progress,
         ProgressView &view);

    // From this node's checks until its first step behind the gate: what the operator reads, or has read, is what is
    // carried over, or it is shown anew. Throws HelperError(CheckFailed) when it has closed the gate.
    void close_if_edited(const Due &due);

    // Before this node's first step behind the gate: the applications have gone on since it was looked at, and what has
    // come up since would be met in the switch. Throws HelperError(CheckFailed) when something has.
    void close_if_hindered(const Due &due);

    // What a helper that was killed had begun to close. By the plan as the monitor has it now, before this node's steps
    // are told or tried again.
    void finish_closing();

  private:
    [[nodiscard]] bool close(const HelperError &error);
    void take_back_preparation(const HelperError &error);

    MonitorLink &link_;
    const Position &position_;
    Journal &journal_;
    Workplace &workplace_;
    StepProgress &progress_;
    ProgressView &view_;
};

}  // namespace pgaf
