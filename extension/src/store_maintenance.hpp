#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/node_name.hpp"
#include "src/store.hpp"

// The queries about maintenance windows.
namespace pgaf::store {

struct MaintenanceWindow {
    std::int64_t maintenanceid = 0;
    std::optional<std::int64_t> runid;
    std::string node;
    std::string formation;
    std::string started_at;
    std::string started_by;
};

std::optional<MaintenanceWindow> open_maintenance(std::int64_t nodeid);
// Of nodes that the monitor no longer has too: their windows can still be ended.
std::vector<NamedNode> nodes_in_open_maintenance();

// The states that are kept with a window's begin and end are those of this moment.
std::int64_t begin_maintenance(std::optional<std::int64_t> runid, std::int64_t nodeid, const std::string &reason);
void end_maintenance(std::int64_t maintenanceid, const Text &reason);

// What the run's steps enter_maintenance and rejoin leave behind. A window that the operator has
// opened before is taken over.
void begin_maintenance_of_run(std::int64_t runid, std::int64_t nodeid);
// `reason` is "upgrade" or "rollback".
void end_maintenance_of_run(std::int64_t runid, std::int64_t nodeid, const char *reason);

// pg_auto_failover's own functions: whether the node was found.
bool start_maintenance(std::int64_t nodeid);
bool stop_maintenance(std::int64_t nodeid);

}  // namespace pgaf::store
