#pragma once

#include "runner/workplace.hpp"
#include "runner/world.hpp"

namespace pgaf {

// The monitor of a world, as the node under test speaks to it.
class FakeMonitor final : public Protocol {
  public:
    explicit FakeMonitor(World &world) : world_(world) {}

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
    [[nodiscard]] std::optional<std::int64_t> newest_run() override;
    [[nodiscard]] int open_warnings(std::int64_t run) override;
    void wait_for_notification(std::chrono::milliseconds limit) override;
    void disconnect() override {}
    void set_limit(std::chrono::milliseconds /*limit*/) override {}

  private:
    // What is called has happened, whether or not its answer arrives.
    template <typename Call>
    auto call(const std::string &name, const Call &call);

    World &world_;
};

class FakeWorkplace final : public Workplace {
  public:
    explicit FakeWorkplace(World &world) : world_(world), monitor_(world) {}

    [[nodiscard]] Protocol &monitor() override { return monitor_; }
    [[nodiscard]] nlohmann::json carry_out(const Assignment &plan, std::string_view step, const Say &say) override;
    void undo(const Assignment &plan, std::string_view step, const Say &say) override;
    [[nodiscard]] bool is_between_clusters() override { return world_.disk.is_between_clusters; }
    void keep_server_up(const Assignment & /*plan*/) override {}
    [[nodiscard]] nlohmann::json software(const Assignment &plan) override;
    [[nodiscard]] std::string edited_since_shown(const Assignment &plan, const Say &say) override;
    [[nodiscard]] std::string found_at_gate(const Assignment &plan, const Say &say) override;
    [[nodiscard]] bool is_swapped(const Assignment &plan) override;
    [[nodiscard]] bool has_old_cluster_aside(const Assignment &plan) override { return is_swapped(plan); }
    [[nodiscard]] bool was_new_server_started(const Assignment &plan) override;
    [[nodiscard]] std::string describe_new_data(const Assignment &plan) override;
    void end_new_server(const Assignment &plan) override;
    void serve_old_cluster(const Assignment &plan, const Say &say) override;
    void wait_for_primary(const Assignment & /*plan*/, const Say & /*say*/) override {}
    void wait_for_standbys(const Assignment & /*plan*/, const Say & /*say*/) override {}
    bool leave_monitor(const Assignment & /*plan*/) override { return true; }
    void serve_without_monitor(const Assignment & /*plan*/, const Say & /*say*/) override {}
    [[nodiscard]] std::string commands_to_get_monitor(const Assignment & /*plan*/) override { return "command"; }

  private:
    void require_order(const Assignment &plan, std::string_view step);

    World &world_;
    FakeMonitor monitor_;
};

}  // namespace pgaf
