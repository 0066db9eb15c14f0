#include "steps/steps.hpp"

#include <fmt/format.h>

#include "fault.hpp"
#include "service.hpp"
#include "upgrade/data_size.hpp"

namespace pgaf {

// The last things that need the old server: what is dirty goes to the disk now, twice since the first
// may take long, so that the shutdown, in which writes are refused, has little left to write.
nlohmann::json Checkpoint::perform(const Context &context) const {
    context.wait_until("the primary to let go of its standbys", std::chrono::minutes(2), [&context] {
        const auto report = context.monitor.report_of(context.node.nodeid);
        return report.is_stable_in("wait_primary") || report.is_stable_in("single") || report.is_stable_in("primary");
    });
    // Known to systemd before the switch, so that nothing in the switch waits for systemd.
    Service(Installation::from(context.journal).unit).guard_by(context.node.guard_flag());
    const auto limit = context.limit(shutdown_limit(data_size(context)));
    auto server = context.local_server();
    server.query(fmt::format("SET statement_timeout = '{} s'", limit.count()));
    server.query("CHECKPOINT");
    fault_point("checkpoint", "middle");
    server.query("CHECKPOINT");
    return {{"files", list_files_to_carry(context)}};
}

void Checkpoint::undo(const Context &context) const {
    Service(Installation::from(context.journal).unit).end_guard();
}

}  // namespace pgaf
