#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/errors.hpp"
#include "core/steps.hpp"
#include "monitor/answers.hpp"
#include "postgres/connection.hpp"

namespace pgaf {

// A run on the monitor, as the extension's protocol functions move it, by the same tables of core's. Copied, it is a
// snapshot of what the monitor knows.
struct FakeRun {
    using Key = std::pair<std::int64_t, std::string>;

    RunPlan plan;
    std::string method = "link";
    bool discards = false;
    std::string on_failure = "stay";
    int attempt = 1;
    bool is_given_back = false;  // by the rollback that is under way, or by the last
    std::map<std::int64_t, std::string> leases;
    std::set<Key> attempted;
    std::map<Key, nlohmann::json> results;
    std::map<Key, std::string> errors;
    std::map<std::int64_t, bool> rollback;  // by node that has something to undo: whether it is undone
    std::map<std::int64_t, nlohmann::json> undone;
    int approvals = 0;

    // A monitor (0), a primary (1) and its secondaries (2, …).
    static FakeRun with(int secondaries);

    [[nodiscard]] NodePlan &node(std::int64_t id);
    [[nodiscard]] StepState &state(std::int64_t id, std::string_view step);
    [[nodiscard]] bool has_ended() const { return pgaf::has_ended(plan.state); }
    void approve();

    std::optional<Attached> attach(std::int64_t id, const std::string &token, bool retry_failed, bool resumed);
    Due next_step(const std::string &token);
    void begin_step(const std::string &token, std::string_view step);
    void finish_step(const std::string &token, std::string_view step, const nlohmann::json &result);
    void fail_step(const std::string &token, std::string_view step, const std::string &error);
    void sync_journal(const std::string &token, const nlohmann::json &entries);
    // Of a node that would lose new data it is only asked for.
    RunState request_rollback(const std::string &token, bool discard, bool not_started, bool gives_back);
    void roll_back(bool discard);  // the operator
    void finish_rollback(const std::string &token, const nlohmann::json &result);

    [[nodiscard]] nlohmann::json document(std::int64_t id);
    [[nodiscard]] nlohmann::json shown() const;  // what the end of a run is compared by

  private:
    [[nodiscard]] std::int64_t caller(const std::string &token) const;
    void begin_again();
    void change(NodePlan &node, std::string_view step, StepState to);
    void require_due(const NodePlan &node, std::string_view step);
    void take_back(NodePlan &node, std::string_view step, const std::string &error);
    [[nodiscard]] std::vector<std::int64_t> nodes_to_roll_back() const;
};

}  // namespace pgaf
