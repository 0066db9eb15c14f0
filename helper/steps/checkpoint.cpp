#include "steps/steps.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "fault.hpp"
#include "service.hpp"
#include "upgrade/data_size.hpp"

namespace pgaf {

namespace {

// One that is just connecting again would miss the end of this server's WAL, and has to be copied then. It is waited
// for while writes are still accepted; one that stays away is not worth more.
void wait_for_standbys(const Context &context, Connection &server) {
    const auto streams = [&](const nlohmann::json &other) {
        const auto id = other.at("id").get<std::int64_t>();
        return id == context.node.nodeid || server.single(
                                                "SELECT count(*) FROM pg_catalog.pg_stat_replication WHERE "
                                                "application_name = $1 AND state = 'streaming'",
                                                {autoctl::replication_slot_of(id)}) == "1";
    };
    try {
        context.wait_until("every standby to stream", std::chrono::seconds(30),
                           [&] { return std::ranges::all_of(context.plan.at("group"), streams); });
    } catch (const HelperError &error) {
        if (error.code() != ExitCode::TimedOut) {
            throw;
        }
        spdlog::warn("{}", error.what());
    }
}

}  // namespace

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
    wait_for_standbys(context, server);
    require_as_shown(context);
    return {{"files", files_to_carry_now(context)}};
}

void Checkpoint::undo(const Context &context) const {
    Service(Installation::from(context.journal).unit).end_guard();
}

}  // namespace pgaf
