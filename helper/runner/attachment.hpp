#pragma once

#include "run/journal.hpp"
#include "runner/gate.hpp"
#include "runner/monitor_link.hpp"
#include "runner/position.hpp"
#include "runner/settings.hpp"
#include "runner/workplace.hpp"

namespace pgaf {

// Takes part in the run that is under way: this node's lease and plan, and what it did that the monitor does not know.
class Attachment {
  public:
    Attachment(MonitorLink &link, Position &position, Journal &journal, Workplace &workplace, Gate &gate,
               const RunnerSettings &settings);

    // `resumed`: the steps that are at work go on; else they have ended with the helper that was at them. Returns false
    // where no run is under way.
    bool attach(bool resumed);

  private:
    [[nodiscard]] bool take_lease(bool retry_failed, bool resumed);
    void sync_journal();
    void report_software();

    MonitorLink &link_;
    Position &position_;
    Journal &journal_;
    Workplace &workplace_;
    Gate &gate_;
    const RunnerSettings &settings_;
};

}  // namespace pgaf
