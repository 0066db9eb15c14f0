#include "runner/attachment.hpp"

#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "core/errors.hpp"
#include "postgres/connection.hpp"

namespace pgaf {

Attachment::Attachment(MonitorLink &link, Position &position, Journal &journal, Workplace &workplace, Gate &gate,
                       const RunnerSettings &settings)
    : link_(link), position_(position), journal_(journal), workplace_(workplace), gate_(gate), settings_(settings) {}

bool Attachment::take_lease(bool retry_failed, bool resumed) {
    const auto attached = link_.monitor().attach(link_.token(), retry_failed, resumed);
    if (attached) {
        position_.take(*attached);
    }
    return attached.has_value();
}

// First what this node knows and the monitor does not. A step that has been done, and was taken back before it is told,
// would have to be due once more: the monitor's own stop no longer is when a standby's rebuild has failed meanwhile.
bool Attachment::attach(bool resumed) {
    if (!take_lease(false, true)) {
        return false;
    }
    gate_.finish_closing();
    sync_journal();
    // Cron does not repeat what failed: somebody has to look at it first. A run that ends by what was told has no lease
    // to take any more: the next step tells how it ended.
    if (resumed || take_lease(!settings_.once, false)) {
        report_software();
    }
    link_.go_together();
    return true;
}

// What this node did and could not report.
void Attachment::sync_journal() {
    const auto finished = journal_.finished();
    if (finished.empty()) {
        return;
    }
    try {
        link_.monitor().sync_journal(link_.token(), finished);
    } catch (const PgError &error) {
        if (error.sqlstate() != code::kStepNotDue) {
            throw;
        }
        spdlog::info("the monitor takes not all of the journal: {}", error.what());  // it is found done instead
    }
}

// By each session until the switch: what was installed in between is seen by the other nodes' checks.
void Attachment::report_software() {
    if (journal_.was_begun(steps::kStop) || journal_.was_begun(steps::kEnterMaintenance) || position_.is_going_back()) {
        return;
    }
    link_.monitor().report_software(link_.token(), workplace_.software(position_.plan()));
}

}  // namespace pgaf
