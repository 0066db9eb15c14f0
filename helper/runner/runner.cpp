#include "runner/runner.hpp"

#include <fmt/format.h>

#include "runner/loop.hpp"
#include "runner/without_monitor.hpp"

namespace pgaf {

struct Runner::Pieces {
    Pieces(RunnerSettings given, Journal &journal, ProgressView &view, const OpenWorkplace &open)
        : settings(std::move(given)),
          workplace(open()),
          progress(view),
          position(journal, settings.nodeid, [this] { return workplace->is_between_clusters(); }),
          link(workplace->monitor(), journal.token(), position, view, settings),
          gate(link, position, journal, *workplace, progress, view),
          attachment(link, position, journal, *workplace, gate, settings),
          parts{link, attachment, position, journal, *workplace, open, progress, view, settings},
          performer(parts),
          rollback(parts, performer),
          without_monitor(parts, performer),
          loop(parts, gate, rollback, performer) {}

    RunnerSettings settings;
    std::unique_ptr<Workplace> workplace;
    StepProgress progress;
    Position position;
    MonitorLink link;
    Gate gate;
    Attachment attachment;
    RunnerParts parts;
    Performer performer;
    Rollback rollback;
    WithoutMonitor without_monitor;
    Loop loop;
};

Runner::Runner(RunnerSettings settings, Journal &journal, ProgressView &view, const OpenWorkplace &open)
    : pieces_(std::make_unique<Pieces>(std::move(settings), journal, view, open)) {
    // A node that was made by copying another's disk would speak for that one.
    auto &position = pieces_->position;
    if (!journal.last_plan()) {
        return;
    }
    position.recall();
    if (const auto &node = position.plan().node; node.id != pieces_->settings.nodeid) {
        throw HelperError(ExitCode::Refused,
                          fmt::format("the journal in \"{}\" is of {}, and this is node {}",
                                      pieces_->settings.work_dir.string(), node.name, pieces_->settings.nodeid),
                          "Move that folder away, if this node was made by copying the other.");
    }
    position.forget();
}

Runner::~Runner() = default;

ExitCode Runner::run() {
    return pieces_->loop.run();
}

ExitCode Runner::request_rollback(const std::string &reason, bool discard_new_data) {
    if (const auto end = pieces_->rollback.request(reason, discard_new_data)) {
        return *end;
    }
    const auto code = pieces_->loop.run();
    return code == ExitCode::Refused ? ExitCode::Done : code;  // aborted is what was asked for
}

ExitCode Runner::run_without_monitor() {
    return pieces_->without_monitor.run();
}

}  // namespace pgaf
