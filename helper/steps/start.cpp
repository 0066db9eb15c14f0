#include "steps/steps.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "controldata.hpp"
#include "fault.hpp"
#include "files.hpp"
#include "service.hpp"
#include "upgrade/private_server.hpp"
#include "upgrade/server.hpp"

namespace pgaf {

namespace {

std::int64_t id_of(const nlohmann::json &other) {
    return other.at("id").get<std::int64_t>();
}

bool has_replication_slots(const Context &context, Connection &server) {
    return std::ranges::all_of(context.plan.at("group"), [&](const auto &other) {
        return id_of(other) == context.node.nodeid ||
               server.query("SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = $1",
                            {autoctl::replication_slot_of(id_of(other))})
                       .size() == 1;
    });
}

// The slots that the standbys will stream by, so that no WAL is recycled before they do.
void make_replication_slots(const Context &context) {
    auto server = context.local_server();
    for (const auto &other : context.plan.at("group")) {
        if (id_of(other) == context.node.nodeid) {
            continue;
        }
        server.query(
            "SELECT pg_catalog.pg_create_physical_replication_slot(slot, true) FROM (VALUES ($1::name)) AS wanted(slot)"
            " WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots WHERE slot_name = slot)",
            {autoctl::replication_slot_of(id_of(other))});
    }
}

}  // namespace

Found Start::probe(const Context &context) const {
    if (context.role() == Role::Monitor) {
        const Service service(Installation::from(context.journal).unit);
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
    return has_replication_slots(context, server)
               ? Found::done({{"server_version", server.single("SHOW server_version")}})
               : Found{Progress::Partial};
}

nlohmann::json Start::perform(const Context &context) const {
    if (context.role() == Role::Monitor) {
        if (!Service(Installation::from(context.journal).unit).is_active()) {
            update_pgautofailover(context);
            fault_point("start", "updated");
            start_service(context);
        }
        std::string version;
        context.wait_until("the monitor to serve at its new version", std::chrono::minutes(5), [&] {
            version = context.monitor.extension_version();
            return true;
        });
        return {{"pgautofailover", version}};
    }
    {
        const FaultWatch watch("start", "middle", std::chrono::milliseconds(30));
        start_server(context);
    }
    fault_point("start", "started");
    make_replication_slots(context);
    return {{"server_version", context.local_server().single("SHOW server_version")}};
}

// The monitor's old cluster is a copy of its own: it can go back until nodes have reported to the new one.
void Start::undo(const Context &context) const {
    const auto installation = Installation::from(context.journal);
    if (context.role() == Role::Monitor) {
        write_file(context.node.guard_flag(), "", context.node.owner);
        Service(installation.unit).guard_by(context.node.guard_flag());
        Service(installation.unit).stop();
        if (context.node.running_server()) {
            stop_server(context.node, installation.new_bindir);
        }
        return;
    }
    const auto &data_dir = context.is_swapped() ? context.node.data_dir : context.new_dir();
    const auto left_by_pg_upgrade = context.journal.result("pg_upgrade").value("new_checkpoint_location", "");
    const auto control = major_of(data_dir) == context.target()
                             ? std::optional{read_controldata(installation.new_bindir, data_dir, context.node.owner)}
                             : std::nullopt;
    // a server changes both with its start, and nothing else before
    if (context.node.running_server() ||
        (control && (control->state != "shut down" || control->checkpoint_location != left_by_pg_upgrade))) {
        throw HelperError(
            ExitCode::Refused,
            fmt::format("PostgreSQL {} has been started on this node, on the files of the old cluster",
                        context.target()),
            "The old cluster must not be started any more. Let the upgrade go on: pgaf-upgrade run on every node; else "
            "restore from the backup.");
    }
}

}  // namespace pgaf
