#pragma once

#include "run/journal.hpp"
#include "runner/attachment.hpp"
#include "runner/monitor_link.hpp"
#include "runner/position.hpp"
#include "runner/settings.hpp"
#include "runner/step_progress.hpp"
#include "runner/workplace.hpp"
#include "view/progress_view.hpp"

namespace pgaf {

// What those pieces of the runner work with that do something; they belong to it, and live as long as it does.
struct RunnerParts {
    MonitorLink &link;
    Attachment &attachment;
    Position &position;
    Journal &journal;
    Workplace &workplace;
    OpenWorkplace open;
    StepProgress &progress;
    ProgressView &view;
    const RunnerSettings &settings;
};

}  // namespace pgaf
