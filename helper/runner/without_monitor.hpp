#pragma once

#include "runner/parts.hpp"
#include "runner/performer.hpp"
#include "system/error.hpp"

namespace pgaf {

// The monitor's host is lost for good: brings this node's part as far as it goes without one. The primary's switch is
// ended by its journal, as while a monitor is only away; what needs the monitor is left to pg_auto_failover's own
// `enable monitor`, by which a new one takes the nodes as they are then.
class WithoutMonitor {
  public:
    WithoutMonitor(const RunnerParts &parts, Performer &performer) : parts_(parts), performer_(performer) {}

    // Throws HelperError(Refused) where it cannot be done without.
    ExitCode run();

  private:
    void require_that_it_is_so();
    void require_lost_monitor();
    void perform_all(const Assignment &plan);
    void perform(std::string_view step);

    const RunnerParts &parts_;
    Performer &performer_;
};

}  // namespace pgaf
