#include "steps/steps.hpp"

#include <fmt/format.h>

#include "service.hpp"
#include "upgrade/server.hpp"

namespace pgaf {

namespace {

// The slots that the standbys will stream by, so that no WAL is recycled before they do.
void make_replication_slots(const Context &context) {
    auto server = context.node.connect_locally();
    for (const auto &other : context.plan.at("group")) {
        if (other.at("id").get<std::int64_t>() == context.node.nodeid) {
            continue;
        }
        server.query(
            "SELECT pg_catalog.pg_create_physical_replication_slot(slot, true) FROM (VALUES ($1::name)) AS wanted(slot)"
            " WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = slot)",
            {fmt::format("pgautofailover_standby_{}", other.at("id").get<std::int64_t>())});
    }
}

}  // namespace

nlohmann::json Start::perform(const Context &context) const {
    if (context.role() == Role::Monitor) {
        const Service service(Installation::from(context.journal).unit);
        if (!service.is_active()) {
            update_pgautofailover(context);
            service.start();
        }
        std::string version;
        context.wait_until("the monitor to serve at its new version", std::chrono::minutes(5), [&] {
            version = context.monitor.extension_version();
            return true;
        });
        return {{"pgautofailover", version}};
    }
    start_new_server(context);
    make_replication_slots(context);
    return {{"server_version", context.node.connect_locally().single("SHOW server_version")}};
}

}  // namespace pgaf
