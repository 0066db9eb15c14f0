#include <algorithm>

#include "core/claims.hpp"
#include "core/errors.hpp"
#include "core/reports.hpp"
#include "src/functions.hpp"
#include "src/run.hpp"
#include "src/store.hpp"
#include "src/store_cleanup.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::functions {

namespace {

constexpr int kMostDays = 36500;

int days_of(const Arguments &arguments, std::size_t index) {
    const auto days = arguments.required_integer(index, "older_than");
    if (days < 0 || days > kMostDays) {
        throw Error(code::kBadArgument, "older_than is a number of days from 0 to " + std::to_string(kMostDays),
                    "Use 3 to keep the old cluster for three days after the upgrade.");
    }
    return static_cast<int>(days);
}

void append_reason(std::string &text, const std::string &reason) {
    text += (text.empty() ? "" : "; ") + reason;
}

// Everything that keeps the old cluster of a node from being removed; empty where nothing does.
std::string reasons_to_keep(const store::OldCluster &cluster, int older_than) {
    std::string reasons;
    if (const auto run = store::open_run()) {
        append_reason(reasons, run_name(*run) + " is open");
    }
    if (const auto kept = store::node_kept_old()) {
        append_reason(reasons, *kept);
    }
    if (!cluster.is_known) {
        append_reason(reasons, "the monitor no longer knows " + cluster.node);
    }
    if (cluster.unsettled) {
        append_reason(reasons, *cluster.unsettled);
    }
    if (cluster.is_young) {
        append_reason(reasons, "the upgrade ended " + cluster.age + " ago, less than " + std::to_string(older_than) +
                                   (older_than == 1 ? " day" : " days"));
    }
    if (!cluster.backup) {
        append_reason(reasons, "no verified backup of the new cluster is recorded: run pgaf-upgrade backup on " +
                                   (cluster.nodeid == 0 ? std::string("the monitor") : "a node of its group"));
    }
    return reasons;
}

// The calling helper is the node's: it shows the secret of the lease that it held in the run.
void require_helper_of(std::int64_t runid, std::int64_t nodeid, const std::string &token) {
    if (!store::holds_lease(runid, nodeid, token)) {
        throw Error(code::kLeaseLost,
                    "the token holds no lease of node " + std::to_string(nodeid) + " in " + run_name(runid),
                    "Only the helper that has upgraded the node removes its old cluster. Where its journal is lost, "
                    "remove the old cluster by hand.");
    }
}

}  // namespace

Outcome pgaf_upgrade_cleanup(const Arguments &arguments) {
    const auto older_than = days_of(arguments, 0);
    Outcome outcome;
    for (auto &cluster : store::old_clusters(older_than)) {
        const auto reasons = cluster.removed_at ? "" : reasons_to_keep(cluster, older_than);
        const bool is_due = reasons.empty() && !cluster.removed_at;
        outcome.rows.push_back({std::to_string(cluster.runid), cluster.formation, std::to_string(cluster.nodeid),
                                cluster.node, cluster.source_version.empty() ? Text() : Text(cluster.source_version),
                                cluster.target_version, cluster.method, cluster.finished_at, is_due ? "t" : "f",
                                reasons.empty() ? Text() : Text(reasons), cluster.old_sysidentifier,
                                cluster.new_sysidentifier, cluster.backup, cluster.begun_at, cluster.removed_at,
                                cluster.removed_by, cluster.freed_bytes, cluster.removed});
    }
    return outcome;
}

// Under the run's lock, which a rollback of that run takes as well: either comes first, and is seen by the other.
Outcome pgaf_upgrade_begin_cleanup(const Arguments &arguments) {
    const auto runid = arguments.required_integer(0, "run");
    const auto nodeid = arguments.required_integer(1, "nodeid");
    const auto &token = arguments.required(2, "token");
    const auto older_than = days_of(arguments, 3);
    const auto run = lock_run(runid);
    require_helper_of(runid, nodeid, token);
    const auto clusters = store::old_clusters(older_than);
    const auto cluster = std::ranges::find(clusters, nodeid, &store::OldCluster::nodeid);
    if (run.plan.state != RunState::Finished || cluster == clusters.end() || cluster->runid != runid) {
        throw Error(code::kNotInStateFor,
                    run_name(runid) + " is " + std::string(to_string(run.plan.state)) +
                        ", or not the last that upgraded node " + std::to_string(nodeid),
                    "SELECT * FROM pgaf_upgrade_cleanup() shows which old clusters can be removed.");
    }
    if (const auto reasons = reasons_to_keep(*cluster, older_than); !reasons.empty()) {
        throw Error(code::kNotInStateFor, "the old cluster of " + cluster->node + " stays: " + reasons,
                    "SELECT * FROM pgaf_upgrade_cleanup() on the monitor shows when it can be removed.");
    }
    if (!store::has_begun_cleanup(runid, nodeid)) {
        store::record_event(runid, nodeid, "", "cleanup", "begun", "relying on backup " + *cluster->backup);
    }
    return {store::begin_cleanup(runid, nodeid), {}};
}

Outcome pgaf_upgrade_finish_cleanup(const Arguments &arguments) {
    const auto runid = arguments.required_integer(0, "run");
    const auto nodeid = arguments.required_integer(1, "nodeid");
    const auto &result = arguments.required(3, "result");
    claims::require_cleanup_result(result);
    lock_run(runid);
    require_helper_of(runid, nodeid, arguments.required(2, "token"));
    if (!store::has_begun_cleanup(runid, nodeid)) {
        throw Error(code::kNotInStateFor, "no cleanup of node " + std::to_string(nodeid) + " was begun",
                    "Call pgaf_upgrade_begin_cleanup() before anything is removed.");
    }
    const bool is_new = store::add_to_cleanup(runid, nodeid, result);
    if (is_new) {
        store::record_event(runid, nodeid, "", "cleanup", "done", store::removed_in_words(result));
    }
    return {is_new ? "t" : "f", {}};
}

}  // namespace pgaf::functions
