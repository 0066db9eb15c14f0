#include "steps/steps.hpp"

namespace pgaf {

// The last things that need the old server: what is dirty goes to the disk now, twice since the first
// may take long, so that the shutdown, in which writes are refused, has little left to write.
nlohmann::json Checkpoint::perform(const Context &context) const {
    context.wait_until("the primary to let go of its standbys", std::chrono::minutes(2), [&context] {
        const auto report = context.monitor.report_of(context.node.nodeid);
        return report.is_stable_in("wait_primary") || report.is_stable_in("single") || report.is_stable_in("primary");
    });
    auto server = context.node.connect_locally();
    server.query("CHECKPOINT");
    server.query("CHECKPOINT");
    return {{"files", list_files_to_carry(context)}};
}

}  // namespace pgaf
