#pragma once

#include <optional>

#include "runner/attachment.hpp"
#include "runner/gate.hpp"
#include "runner/monitor_link.hpp"
#include "runner/performer.hpp"
#include "runner/position.hpp"
#include "runner/rollback.hpp"
#include "runner/settings.hpp"
#include "runner/step_progress.hpp"
#include "runner/workplace.hpp"
#include "view/progress_view.hpp"

namespace pgaf {

// Asks the monitor what is due and does it, until the run has ended, nothing is due (once), a step fails or the
// operator stops it.
class Loop {
  public:
    struct Parts {
        MonitorLink &link;
        Attachment &attachment;
        Position &position;
        Journal &journal;
        Gate &gate;
        Rollback &rollback;
        Performer &performer;
        OpenWorkplace open;
        StepProgress &progress;
        ProgressView &view;
        const RunnerSettings &settings;
    };
    explicit Loop(Parts parts) : parts_(std::move(parts)) {}

    ExitCode run();

  private:
    // What the loop ends with; nothing: it goes on.
    using End = std::optional<ExitCode>;

    void go_on_by_journal();
    [[nodiscard]] bool wait_for_run();
    [[nodiscard]] End turn();
    void require_background();
    [[nodiscard]] std::optional<Due> ask();
    void go_on_alone();
    [[nodiscard]] End go_back(const Due &due);
    [[nodiscard]] End wait(const Due &due);
    void perform(const Due &due);
    void wait_for_change();

    Parts parts_;
};

}  // namespace pgaf
