#include "steps/steps.hpp"

#include <nlohmann/json.hpp>

#include "cluster/busiest_tables.hpp"
#include "cluster/kept_statistics.hpp"
#include "cluster/pg_upgrade.hpp"
#include "system/error.hpp"

namespace pgaf {

namespace {

// Waits for a server that is on its way.
std::string server_start(const Context &context) {
    return context.local_server().single("SELECT pg_catalog.pg_postmaster_start_time()");
}

}  // namespace

// pg_auto_failover is on guard, and may start the server anew meanwhile: after a boot, or to make it a standby.
void try_pg_upgrade(const Context &context) {
    for (bool is_judged = false; !is_judged;) {
        const auto before = server_start(context);
        try {
            run_pg_upgrade(context, UpgradeMode::Check);
            is_judged = true;
        } catch (const HelperError &) {
            if (server_start(context) == before) {
                throw;
            }
        }
    }
}

nlohmann::json DryRun::perform(const Context &context) const {
    try_pg_upgrade(context);
    note_statistics(context);
    // while the old server still counts: the step statistics goes by it
    return {{"log", context.node.log("dry_run").string()}, {"busiest", busiest_tables(context.node)}};
}

}  // namespace pgaf
