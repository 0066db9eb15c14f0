#include "steps/steps.hpp"

#include <algorithm>
#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "cluster/kept_statistics.hpp"
#include "cluster/serving_server.hpp"
#include "cluster/subscriptions.hpp"
#include "configuration/archive.hpp"
#include "node/server_environment.hpp"
#include "node/service.hpp"
#include "system/fault.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

// One that is just connecting again would miss the end of this server's WAL, and has to be copied then. It is waited
// for while writes are still accepted; one that stays away is not worth more.
void wait_for_standbys(const Context &context, Connection &server) {
    const auto streams = [&](const AssignedNode &other) {
        return other.id == context.node.nodeid || server.single(
                                                      "SELECT count(*) FROM pg_catalog.pg_stat_replication WHERE "
                                                      "application_name = $1 AND state = 'streaming'",
                                                      {autoctl::replication_slot_of(other.id)}) == "1";
    };
    try {
        context.wait_until("every standby to stream", std::chrono::seconds(30),
                           [&] { return std::ranges::all_of(context.plan.group, streams); });
    } catch (const HelperError &error) {
        if (error.code() != ExitCode::TimedOut) {
            throw;
        }
        spdlog::warn("{}", error.what());
    }
}

// Those of the sessions that the stop would end, open for at least a second; the rest of a server's work is short.
constexpr const char *kOpenTransactions =
    "SELECT pg_catalog.format('process %s of %s in database %I, application %s, since %s', pid, usename,"
    "       datname, coalesce(nullif(application_name, ''), '-'),"
    "       pg_catalog.to_char(xact_start, 'YYYY-MM-DD HH24:MI:SS')) AS transaction"
    "  FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend' AND xact_start <= $1::timestamptz"
    " ORDER BY xact_start";

// Those that are open now, as long as the operator has chosen to wait for them. Returns those that are left.
nlohmann::json wait_for_transactions(const Context &context, Connection &server) {
    const auto from = server.single("SELECT pg_catalog.clock_timestamp() - interval '1 s'");
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(context.node.options.transaction_wait_s);
    while (true) {
        const auto rows = server.query(kOpenTransactions, {from});
        if (rows.size() == 0 || std::chrono::steady_clock::now() >= deadline || stop_was_asked()) {
            auto left = nlohmann::json::array();
            for (int row = 0; row < rows.size(); ++row) {
                left.push_back(rows.text(row, "transaction"));
            }
            return left;
        }
        context.say(fmt::format("waiting for {} open transactions: {}", rows.size(), rows.text(0, "transaction")));
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
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
    Service(context.node, Installation::from(context.journal).unit).prepare_guard();
    keep_server_environment(context.node);
    note_statistics(context);  // as they are now: the preparation may be days ago
    auto server = context.local_server();
    checkpoint(context, server);
    fault_point(steps::kCheckpoint, "middle");
    const auto ended = wait_for_transactions(context, server);
    checkpoint(context, server);
    wait_for_standbys(context, server);
    require_as_shown(context);
    note_subscriptions(context);
    return {{"files", files_to_carry_now(context)},
            {"ended_transactions", ended},
            {"archives", !archiving_of(server).empty()}};
}

void Checkpoint::undo(const Context &context) const {
    Service(context.node, Installation::from(context.journal).unit).end_guard();
}

}  // namespace pgaf
