#pragma once

#include "run/journal.hpp"
#include "runner/monitor_link.hpp"
#include "runner/performer.hpp"
#include "runner/position.hpp"
#include "runner/step_progress.hpp"
#include "runner/workplace.hpp"
#include "system/error.hpp"
#include "view/progress_view.hpp"

namespace pgaf {

// The monitor's host is lost for good: brings this node's part as far as it goes without one. The primary's switch is
// ended by its journal, as while a monitor is only away; what needs the monitor is left to pg_auto_failover's own
// `enable monitor`, by which a new one takes the nodes as they are then.
class WithoutMonitor {
  public:
    struct Parts {
        MonitorLink &link;
        Position &position;
        Journal &journal;
        Workplace &workplace;
        Performer &performer;
        StepProgress &progress;
        ProgressView &view;
    };
    explicit WithoutMonitor(Parts parts) : parts_(parts) {}

    // Throws HelperError(Refused) where it cannot be done without.
    ExitCode run();

  private:
    void require_that_it_is_so();
    void require_lost_monitor();
    void perform_all(const Assignment &plan);
    void perform(std::string_view step);

    Parts parts_;
};

}  // namespace pgaf
