#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "core/steps.hpp"
#include "node/node.hpp"
#include "postgres/connection.hpp"

namespace pgaf {

// A data node as the monitor last heard of it.
struct NodeReport {
    std::string reported_state;
    std::string goal_state;
    std::string sysidentifier;
    int health = 0;
    double report_age_s = 0;
    bool pg_is_running = false;
    [[nodiscard]] bool is_stable_in(const std::string &state) const {
        return reported_state == state && goal_state == state;
    }
};

struct Due {
    std::string run_state;
    std::string step;  // empty: nothing is due
    Wait wait;         // why
};

// A check that stands in the way of the approval.
struct OpenCheck {
    std::string name;
    std::string found;
    [[nodiscard]] std::string in_words() const { return name + ": " + found; }
};

// A time by the monitor's clock, as text for SQL and for the name of a file.
struct Moment {
    std::string text;
    std::string label;
};

[[nodiscard]] std::string host_name();

// The functions of pgaf_upgrade and of pg_auto_failover that the helper calls, each by its name.
// The connection is made when it is needed, and again after it was lost: the monitor is restarted
// while its helpers live.
class Monitor {
  public:
    explicit Monitor(const Node &node) : node_(node) {}

    // pgaf_upgrade's protocol.
    [[nodiscard]] std::optional<nlohmann::json> attach(const std::string &token, bool retry_failed, bool resumed);
    [[nodiscard]] Due next_step(const std::string &token);
    void begin_step(const std::string &token, const std::string &step);
    void heartbeat(const std::string &token, const std::string &step, const std::string &progress);
    void finish_step(const std::string &token, const std::string &step, const nlohmann::json &result);
    void fail_step(const std::string &token, const std::string &step, const HelperError &error);
    struct CheckReport {
        std::string name;
        std::string severity;
        bool passed = false;
        std::string found;
        std::string meaning;
        std::string remedy;
        bool data_loss = false;
        std::string detail;
    };
    void report_check(const std::string &token, const CheckReport &report);
    // Of this node: names with versions.
    void report_software(const std::string &token, const nlohmann::json &software);
    void report_hba(const std::string &token, const std::string &moment, const nlohmann::json &connections);
    // Those of a node that failed, are errors and were not waived.
    [[nodiscard]] std::vector<OpenCheck> checks_in_the_way(std::int64_t run, const std::string &node);
    void sync_journal(const std::string &token, const nlohmann::json &entries);
    std::string request_rollback(const std::string &token, const std::string &reason, bool discard_new_data,
                                 bool not_started);  // returns the run's state
    void finish_rollback(const std::string &token, const nlohmann::json &result);
    void rewrite_sysidentifier(const std::string &formation, int group, const std::string &from, const std::string &to);
    // Of this node, taken at a time that now() gave, and proved just now.
    void record_backup(const std::string &label, const std::string &taken_at, const std::string &location);
    [[nodiscard]] Rows status();
    // All that is known of a run (the newest unless told): see view/run_record.hpp. Nothing when none was ever
    // started. Throws HelperError(Usage) for a number that no run has.
    [[nodiscard]] std::optional<nlohmann::json> report(std::optional<std::int64_t> run, bool with_records);

    // pg_auto_failover's own.
    [[nodiscard]] NodeReport report_of(std::int64_t nodeid);
    [[nodiscard]] int number_sync_standbys(const std::string &formation);
    void set_number_sync_standbys(const std::string &formation, int number);
    void start_maintenance(std::int64_t nodeid);
    void stop_maintenance(std::int64_t nodeid);
    [[nodiscard]] std::string extension_version();  // of pgautofailover

    [[nodiscard]] Moment now();

    // Throws where the monitor is away, or has the extension not or at another version.
    void require();

    void wait_for_notification(std::chrono::milliseconds limit);
    void disconnect() { connection_.reset(); }

  private:
    Connection &connection();
    Rows query(const std::string &sql, const std::vector<Value> &values = {});
    Rows call(const std::string &function, const std::string &arguments, const std::vector<Value> &values);

    const Node &node_;
    std::unique_ptr<Connection> connection_;
    std::string schema_;
};

}  // namespace pgaf
