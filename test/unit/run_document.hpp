#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "core/steps.hpp"
#include "system/document.hpp"
#include "view/run_record.hpp"

// A document as pgaf_upgrade_report() makes it, for the tests of what is shown of a run: a primary (1), its
// secondaries (2, 3, …) and the monitor (0), no step begun, started at second 1000.
namespace pgaf {

class RunDocument {
  public:
    explicit RunDocument(int secondaries = 1) {
        document_ = {{"at", 1100.0},
                     {"run", 7},
                     {"state", "preparing"},
                     {"source_version", 15},
                     {"target_version", 17},
                     {"method", "link"},
                     {"note", nullptr},
                     {"started_at", 1000.0},
                     {"started_by", "dba"},
                     {"approved_at", nullptr},
                     {"approved_by", nullptr},
                     {"not_before", nullptr},
                     {"ended_at", nullptr},
                     {"ended_by", nullptr},
                     {"end_reason", nullptr},
                     {"waiting_for", "check on node_1"},
                     {"expected_refused_s", nullptr},
                     {"redundancy_after_s", nullptr},
                     {"expected_redundancy_after_s", nullptr},
                     {"nodes", nlohmann::json::array()},
                     {"steps", nlohmann::json::array()},
                     {"maintenance", nlohmann::json::array()},
                     {"checks", nlohmann::json::array()},
                     {"carried", nlohmann::json::array()},
                     {"identifiers", nlohmann::json::array()},
                     {"backups", nlohmann::json::array()},
                     {"events", nlohmann::json::array()}};
        add_node(1, Role::Primary, 0);
        for (int rank = 0; rank < secondaries; ++rank) {
            add_node(2 + rank, Role::Secondary, rank);
        }
        add_node(0, Role::Monitor, 0);
    }

    nlohmann::json &operator[](const char *key) { return document_[key]; }
    [[nodiscard]] const nlohmann::json &json() const { return document_; }

    nlohmann::json &node(int id) {
        for (auto &node : document_["nodes"]) {
            if (node["id"] == id) {
                return node;
            }
        }
        throw std::out_of_range("no such node");
    }
    nlohmann::json &step(int id, const std::string &name) {
        for (auto &step : document_["steps"]) {
            if (step["node"] == id && step["step"] == name) {
                return step;
            }
        }
        throw std::out_of_range("no such step");
    }

    void run_step(int id, const std::string &name, double from) {
        auto &row = step(id, name);
        row["state"] = "running";
        row["attempts"] = 1;
        row["first_started_at"] = row["started_at"] = from;
    }
    void do_step(int id, const std::string &name, double from, double to) {
        run_step(id, name, from);
        step(id, name)["state"] = "done";
        step(id, name)["finished_at"] = to;
    }
    void fail_step(int id, const std::string &name, double from, double to, const std::string &error) {
        do_step(id, name, from, to);
        step(id, name)["state"] = "failed";
        step(id, name)["error"] = error;
        step(id, name)["hint"] = "Mend it.";
    }
    void warn(int id, const std::string &name, const std::string &object) {
        step(id, name)["warnings"].push_back({{"object", object}, {"error", "it is broken"}, {"remedy", "Mend it."}});
    }
    void acknowledge(int id, const std::string &name, double at) {
        step(id, name)["acknowledged_at"] = at;
        step(id, name)["acknowledged_by"] = "dba";
        step(id, name)["acknowledge_note"] = "known";
    }
    void maintain(int id, double from, const nlohmann::json &to) {
        document_["maintenance"].push_back({{"node", id}, {"started_at", from}, {"ended_at", to}});
    }

  private:
    void add_node(int id, Role role, int rank) {
        const bool is_monitor = role == Role::Monitor;
        document_["nodes"].push_back({{"id", id},
                                      {"name", is_monitor ? "monitor" : "node_" + std::to_string(id)},
                                      {"host", "host" + std::to_string(id)},
                                      {"port", 5432},
                                      {"formation", is_monitor ? "" : "default"},
                                      {"group", 0},
                                      {"role", to_string(role)},
                                      {"rank", rank},
                                      {"kept", false},
                                      {"old_system_identifier", "7000000000000000001"},
                                      {"new_system_identifier", nullptr},
                                      {"old_server_version", "15.9"},
                                      {"new_server_version", nullptr},
                                      {"old_pgautofailover", "2.0"},
                                      {"new_pgautofailover", nullptr},
                                      {"data_directory", "/data"},
                                      {"helper_heard_at", 1099.0},
                                      {"checks_passed", 5},
                                      {"checks_failed", 0},
                                      {"checks_waived", 0},
                                      {"rollback_asked_at", nullptr},
                                      {"rollback_done_at", nullptr},
                                      {"discarded", nullptr}});
        for (const auto *definition : steps_of(role)) {
            document_["steps"].push_back({{"node", id},
                                          {"step", definition->name},
                                          {"phase", to_string(definition->phase)},
                                          {"state", "pending"},
                                          {"attempts", 0},
                                          {"first_started_at", nullptr},
                                          {"started_at", nullptr},
                                          {"finished_at", nullptr},
                                          {"progress", nullptr},
                                          {"error", nullptr},
                                          {"hint", nullptr},
                                          {"warnings", nlohmann::json::array()},
                                          {"acknowledged_at", nullptr},
                                          {"acknowledged_by", nullptr},
                                          {"acknowledge_note", nullptr}});
        }
    }

    nlohmann::json document_;
};

inline RunRecord parse_run(const nlohmann::json &document) {
    return parse_run(Document(document, "the monitor's answer"));
}

}  // namespace pgaf
