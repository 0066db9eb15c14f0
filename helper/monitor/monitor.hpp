#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "monitor/protocol.hpp"
#include "node/node.hpp"
#include "postgres/connection.hpp"
#include "view/run_records.hpp"

namespace pgaf {

[[nodiscard]] std::string host_name();

// The functions of pgaf_upgrade and of pg_auto_failover that the helper calls, each by its name.
// The connection is made when it is needed, and again after it was lost: the monitor is restarted
// while its helpers live.
class Monitor final : public Protocol {
  public:
    explicit Monitor(const Node &node) : node_(node) {}

    [[nodiscard]] std::optional<Attached> attach(const std::string &token, bool retry_failed, bool resumed) override;
    [[nodiscard]] Due next_step(const std::string &token) override;
    void begin_step(const std::string &token, std::string_view step) override;
    void heartbeat(const std::string &token, std::string_view step, const std::string &progress) override;
    void finish_step(const std::string &token, std::string_view step, const nlohmann::json &result) override;
    void fail_step(const std::string &token, std::string_view step, const HelperError &error) override;
    void report_software(const std::string &token, const nlohmann::json &software) override;
    void sync_journal(const std::string &token, const nlohmann::json &entries) override;
    RunState request_rollback(const std::string &token, const std::string &reason, bool discard_new_data,
                              bool not_started, bool gives_back) override;
    void finish_rollback(const std::string &token, const nlohmann::json &result) override;
    void require() override;
    [[nodiscard]] int open_warnings(std::int64_t run) override;
    [[nodiscard]] std::optional<std::int64_t> newest_run() override;
    void wait_for_notification(std::chrono::milliseconds limit) override;
    void disconnect() override { connection_.reset(); }
    void set_limit(std::chrono::milliseconds limit) override;

    // More of pgaf_upgrade, for the steps and commands.
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
    void report_hba(const std::string &token, const std::string &moment, const nlohmann::json &connections);
    // Those of a node that failed, are errors and were not waived.
    [[nodiscard]] std::vector<OpenCheck> checks_in_the_way(std::int64_t run, const std::string &node);
    void rewrite_sysidentifier(const std::string &formation, int group, const std::string &from, const std::string &to);
    // Of this node, taken at a time that now() gave, and proved just now.
    void record_backup(const std::string &label, const std::string &taken_at, const std::string &location);
    // Of this node; nothing where no finished run has upgraded it.
    [[nodiscard]] std::optional<OldCluster> old_cluster(int older_than_days);
    void begin_cleanup(std::int64_t run, const std::string &token, int older_than_days);
    void finish_cleanup(std::int64_t run, const std::string &token, const nlohmann::json &result);
    // How many nodes still have one.
    [[nodiscard]] int old_clusters_left();
    // All that is known of a run (the newest unless told). Nothing when none was ever started. Throws
    // HelperError(Usage) for a number that no run has.
    struct Report {
        RunRecord run;
        RunRecords records;  // empty unless asked for
    };
    [[nodiscard]] std::optional<Report> report(std::optional<std::int64_t> run, bool with_records);

    // pg_auto_failover's own.
    [[nodiscard]] NodeReport report_of(std::int64_t nodeid);
    [[nodiscard]] int number_sync_standbys(const std::string &formation);
    void set_number_sync_standbys(const std::string &formation, int number);
    void start_maintenance(std::int64_t nodeid);
    void stop_maintenance(std::int64_t nodeid);
    [[nodiscard]] std::string extension_version();  // of pgautofailover

    [[nodiscard]] Moment now();

  private:
    Connection &connection();
    Rows query(const std::string &sql, const std::vector<Value> &values = {});
    Rows call(const std::string &function, const std::string &arguments, const std::vector<Value> &values);

    const Node &node_;
    std::chrono::milliseconds limit_{kUsualLimit};
    std::unique_ptr<Connection> connection_;
    std::string schema_;
    bool takes_all_characters_ = true;
};

}  // namespace pgaf
