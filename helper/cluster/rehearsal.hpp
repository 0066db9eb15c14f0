#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/hollow_copy.hpp"
#include "cluster/private_files.hpp"
#include "cluster/trial_cluster.hpp"
#include "run/parts.hpp"

namespace pgaf {

// pg_upgrade, from its first line to its last, of a hollow copy of the cluster that serves meanwhile.
struct Rehearsed {
    HollowCopy copy;
    double copy_s = 0;        // to take it
    double recovery_s = 0;    // until it was a cluster that had been shut down
    double pg_upgrade_s = 0;  // with the flush of the new cluster, as in the switch
    // Of that, what it waited for a processor: in the switch the applications, who have them, are away.
    double disturbed_s = 0;
    Parts parts;          // of that
    std::string refusal;  // pg_upgrade's last lines; empty: it has come to its end
};

struct RehearsalCall {
    std::string method;  // link, swap, clone or copy
    std::chrono::seconds limit;
    std::function<void(const std::string &)> say;
};

// By the settings, programs and jobs of the switch, into the trial's cluster, on which no server may run and to which
// nothing has happened since initdb. Throws HelperError where it cannot be tried.
[[nodiscard]] Rehearsed rehearse_pg_upgrade(const Node &node, const Installation &installation, TrialCluster &cluster,
                                            const PrivateFiles &files, const RehearsalCall &call);

}  // namespace pgaf
