#include "cluster/new_data.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cluster/private_server.hpp"
#include "postgres/controldata.hpp"

namespace pgaf {

namespace {

ControlData new_control(const Context &context) {
    const auto &data_dir = context.is_swapped() ? context.node.data_dir : context.new_dir();
    return read_controldata(Installation::from(context.journal).new_bindir, data_dir);
}

// A server that runs has given out more than its last checkpoint knows.
std::uint64_t next_transaction(const Context &context) {
    if (!context.node.running_server()) {
        return new_control(context).next_transaction;
    }
    return std::stoull(
        context.local_server().single("SELECT pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())"));
}

}  // namespace

bool was_new_server_started(const Context &context) {
    if (!context.is_swapped() && major_of(context.new_dir()) != context.target()) {
        return false;
    }
    if (context.is_swapped() && context.node.running_server()) {
        return true;
    }
    // a server changes both with its start, and nothing else before
    const auto control = new_control(context);
    const auto left_by_pg_upgrade = context.journal.result(steps::kPgUpgrade).value("new_checkpoint_location", "");
    return control.state != "shut down" || control.checkpoint_location != left_by_pg_upgrade;
}

std::string describe_new_data(const Context &context) {
    switch (context.role()) {
        case Role::Monitor:
            return "what the monitor has recorded since its switch";
        case Role::Secondary:
            return "its copy of the primary";
        case Role::Primary:
            break;
    }
    const auto before = context.journal.result(steps::kPgUpgrade).value("new_next_transaction", std::uint64_t{0});
    return fmt::format("what was written to PostgreSQL {} since {}, by {} transactions at the most", context.target(),
                       context.journal.time_of(steps::kStart), next_transaction(context) - before);
}

void refuse_old_cluster(const Context &context) {
    throw HelperError(
        ExitCode::Refused,
        fmt::format("PostgreSQL {} has been started on this node, on the files of the old cluster", context.target()),
        "The old cluster must not be started any more. Let the upgrade go on: pgaf-upgrade run on every node; else "
        "restore from the backup.");
}

void end_new_server(const Context &context) {
    if (!context.is_swapped()) {
        return;
    }
    if (major_of(context.old_dir()) != context.source()) {
        throw HelperError(ExitCode::Refused,
                          fmt::format("\"{}\" is not the old cluster any more", context.old_dir().string()),
                          "Without it this node cannot go back. Restore from the backup.");
    }
    stop_behind_guard(context, Installation::from(context.journal).new_bindir);
}

}  // namespace pgaf
