#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/steps.hpp"
#include "src/functions.hpp"
#include "src/store.hpp"

// What pgaf_upgrade_start writes down and pgaf_upgrade_plan shows.
namespace pgaf {

struct RunRequest {
    int target_version = 0;
    std::optional<int> source_version;  // known when the monitor is part of the run
    Text formation;
    Text groups;  // an int[] in text form
    bool include_monitor = false;
    std::string method;
    std::string standby_method;
    Text note;
    std::string on_failure;
};

struct PlannedNode {
    NodePlan plan;
    std::string host;  // empty for the monitor: its helper tells it
    int port = 0;
    std::optional<store::ClusterNode> known;  // none for the monitor
    std::optional<std::int64_t> sysidentifier;
};

struct PlannedRun {
    RunRequest request;
    std::vector<PlannedNode> nodes;  // the data nodes by group, each primary first; then the monitor
};

// From the arguments of the two functions. Throws Error when there can be no such run now. `to_start`
// keeps other calls from starting one until the transaction ends.
PlannedRun plan_run(const Arguments &arguments, bool to_start);

}  // namespace pgaf
