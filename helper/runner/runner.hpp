#pragma once

#include <memory>
#include <string>

#include "run/journal.hpp"
#include "runner/settings.hpp"
#include "runner/workplace.hpp"
#include "system/error.hpp"
#include "view/progress_view.hpp"

namespace pgaf {

// This node's part of a run, put together from its pieces: loop, monitor_link, attachment, gate, performer, rollback,
// without_monitor.
class Runner {
  public:
    // Throws HelperError(Refused) where the journal is another node's.
    Runner(RunnerSettings settings, Journal &journal, ProgressView &view, const OpenWorkplace &open);
    ~Runner();
    Runner(const Runner &) = delete;
    Runner &operator=(const Runner &) = delete;

    // Performs this node's steps as they come due.
    ExitCode run();

    // Asks the monitor to have the run rolled back, and undoes this node's part.
    ExitCode request_rollback(const std::string &reason, bool discard_new_data);

    // The monitor's host is lost for good: brings this node's part as far as it goes without one.
    ExitCode run_without_monitor();

  private:
    struct Pieces;
    std::unique_ptr<Pieces> pieces_;
};

}  // namespace pgaf
