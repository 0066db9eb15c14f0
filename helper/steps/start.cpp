#include "steps/steps.hpp"

#include <algorithm>
#include <functional>
#include <future>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "cluster/new_data.hpp"
#include "cluster/port.hpp"
#include "cluster/private_server.hpp"
#include "cluster/serving_server.hpp"
#include "core/method.hpp"
#include "node/service.hpp"
#include "run/notes.hpp"
#include "run/parts.hpp"
#include "seed/seed.hpp"
#include "system/document.hpp"
#include "system/fault.hpp"

namespace pgaf {

namespace {

bool has_replication_slots(const Context &context, Connection &server) {
    return std::ranges::all_of(context.plan.group, [&](const AssignedNode &other) {
        return other.id == context.node.nodeid ||
               server.query("SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = $1",
                            {autoctl::replication_slot_of(other.id)})
                       .size() == 1;
    });
}

// The slots that the standbys will stream by, so that no WAL is recycled before they do.
void make_replication_slots(const Context &context) {
    auto server = context.local_server();
    for (const auto &other : context.plan.group) {
        if (other.id == context.node.nodeid) {
            continue;
        }
        server.query(
            "SELECT pg_catalog.pg_create_physical_replication_slot(slot, true) FROM (VALUES ($1::name)) AS wanted(slot)"
            " WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = slot)",
            {autoctl::replication_slot_of(other.id)});
    }
}

// Writes are refused meanwhile: without a seed the standbys are copied, and the switch goes on.
nlohmann::json make_seed_if_possible(const Context &context) {
    try {
        return make_seed(context);
    } catch (const std::exception &error) {
        spdlog::warn("no seed for the standbys: {}", error.what());
        remove_seed(context.node);
        return {{"none", error.what()}};
    }
}

nlohmann::json served(const Context &context) {
    nlohmann::json result{{"server_version", context.local_server().single("SHOW server_version")}};
    if (const auto sha256 = seed_sha256(context)) {
        result["seed_sha256"] = *sha256;
    }
    return result;
}

// The server serves already: what keeps the seed from being offered keeps nothing else. Returns what it was.
std::string offer_seed_if_possible(const Context &context) {
    try {
        offer_seed(context);
        return {};
    } catch (const std::exception &error) {
        spdlog::warn("the standbys are copied, since the seed cannot be offered: {}", error.what());
        remove_seed(context.node);
        return as_utf8(error.what());
    }
}

}  // namespace

Found Start::probe(const Context &context) const {
    if (context.role() == Role::Monitor) {
        const Service service(context.node, Installation::from(context.journal).unit);
        if (std::filesystem::exists(context.node.guard_flag()) || !service.is_active()) {
            return {};
        }
        // it may still be on its way: then perform() waits for it
        return {Progress::Partial};
    }
    if (!context.node.running_server()) {
        return {};
    }
    auto server = context.local_server();
    return has_replication_slots(context, server) && is_seed_offered(context) ? Found::done(served(context))
                                                                              : Found{Progress::Partial};
}

nlohmann::json Start::perform(const Context &context) const {
    if (context.role() == Role::Monitor) {
        if (!Service(context.node, Installation::from(context.journal).unit).is_active()) {
            update_pgautofailover(context);
            fault_point(steps::kStart, "updated");
            require_free_port(context.node.config.listen_addresses, context.node.config.port);
            start_service(context);
        }
        std::string version;
        context.wait_until("the monitor to serve at its new version", std::chrono::minutes(5), [&] {
            version = context.monitor.extension_version();
            return true;
        });
        return {{"pgautofailover", version}};
    }
    nlohmann::json result;
    Parts parts;
    if (is_seed_wanted(context) && !was_new_server_started(context)) {
        result["seed"] = make_seed_if_possible(context);
    }
    parts.lap("make the seed");
    fault_point(steps::kStart, "seeded");
    auto compressed = std::async(std::launch::async, compress_seed, std::cref(context.node));
    {
        const FaultWatch watch(steps::kStart, "middle", std::chrono::milliseconds(30));
        start_server(context);
    }
    parts.lap("start the server");
    fault_point(steps::kStart, "started");
    make_replication_slots(context);
    parts.lap("make slots");
    compressed.get();
    if (const auto error = offer_seed_if_possible(context); !error.empty()) {
        result["seed"] = {{"none", error}};
    }
    parts.lap("offer the seed");
    result.update(served(context));
    result["parts"] = parts.json();
    return result;
}

// The new cluster's files may be those of the old one; otherwise the operator may give up what was
// written since. A monitor has only what the nodes' reports will tell again.
void Start::undo(const Context &context) const {
    const bool is_given_up =
        context.role() == Role::Monitor ||
        (!takes_old_files(context.method()) && context.journal.noted(notes::kRollback) == notes::kDiscards);
    remove_seed(context.node);
    if (is_given_up) {
        end_new_server(context);
    } else if (was_new_server_started(context)) {
        refuse_old_cluster(context);
    }
}

}  // namespace pgaf
