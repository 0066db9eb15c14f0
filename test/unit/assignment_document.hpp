#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/steps.hpp"

namespace pgaf {

// What pgaf_upgrade_attach() answers to a node of run 1, in a group of a primary (1) and its secondaries (2, 3, …);
// no step is begun.
inline nlohmann::json assignment_document(Role role = Role::Primary, int secondaries = 1) {
    const auto node = [](Role of, std::int64_t id) {
        return nlohmann::json{{"id", id},
                              {"name", of == Role::Monitor ? "monitor" : "node_" + std::to_string(id)},
                              {"role", to_string(of)},
                              {"formation", of == Role::Monitor ? "" : "default"},
                              {"group", 0},
                              {"rank", 0},
                              {"host", "host" + std::to_string(id)},
                              {"port", 5432},
                              {"kept", false},
                              {"replication_quorum", true},
                              {"candidate_priority", 50},
                              {"old_sysidentifier", "7000000000000000001"},
                              {"new_sysidentifier", nullptr}};
    };
    nlohmann::json document{{"run", 1},
                            {"started_at", "2025-01-01T00:00:00+00:00"},
                            {"state", "preparing"},
                            {"source_version", 15},
                            {"target_version", 17},
                            {"method", "link"},
                            {"discards_new_data", false},
                            {"on_failure", "stay"},
                            {"attempt", 1},
                            {"standby_method", "auto"},
                            {"include_monitor", true},
                            {"number_sync_standbys", nlohmann::json(nullptr)},
                            {"seed_sha256", nlohmann::json(nullptr)},
                            {"node", node(role, role == Role::Monitor   ? 0
                                                : role == Role::Primary ? 1
                                                                        : 2)},
                            {"group", nlohmann::json::array()},
                            {"steps", nlohmann::json::array()}};
    if (role == Role::Monitor) {
        document["group"].push_back(node(role, 0));
    } else {
        document["number_sync_standbys"] = 1;
        document["group"].push_back(node(Role::Primary, 1));
        for (int at = 0; at < secondaries; ++at) {
            document["group"].push_back(node(Role::Secondary, 2 + at));
        }
    }
    for (const auto *step : steps_of(role)) {
        document["steps"].push_back({{"name", step->name}, {"state", "pending"}});
    }
    return document;
}

}  // namespace pgaf
