#pragma once

#include "monitor/monitor.hpp"
#include "run/context.hpp"
#include "run/journal.hpp"
#include "runner/workplace.hpp"

namespace pgaf {

// The node that this host is.
class HostWorkplace final : public Workplace {
  public:
    HostWorkplace(const Node &node, Journal &journal);

    [[nodiscard]] Protocol &monitor() override { return monitor_; }
    [[nodiscard]] nlohmann::json carry_out(const Assignment &plan, std::string_view step, const Say &say) override;
    void undo(const Assignment &plan, std::string_view step, const Say &say) override;
    [[nodiscard]] bool is_between_clusters() override;
    void keep_server_up(const Assignment &plan) override;
    [[nodiscard]] nlohmann::json software(const Assignment &plan) override;
    [[nodiscard]] std::string edited_since_shown(const Assignment &plan, const Say &say) override;
    [[nodiscard]] std::string found_at_gate(const Assignment &plan, const Say &say) override;
    [[nodiscard]] bool is_swapped(const Assignment &plan) override;
    [[nodiscard]] bool has_old_cluster_aside(const Assignment &plan) override;
    [[nodiscard]] bool was_new_server_started(const Assignment &plan) override;
    [[nodiscard]] std::string describe_new_data(const Assignment &plan) override;
    void end_new_server(const Assignment &plan) override;
    void serve_old_cluster(const Assignment &plan, const Say &say) override;
    void wait_for_primary(const Assignment &plan, const Say &say) override;
    void wait_for_standbys(const Assignment &plan, const Say &say) override;
    bool leave_monitor(const Assignment &plan) override;
    void serve_without_monitor(const Assignment &plan, const Say &say) override;
    [[nodiscard]] std::string commands_to_get_monitor(const Assignment &plan) override;

  private:
    // Progress of what is asked, and not performed, is shown to nobody.
    [[nodiscard]] Context context(const Assignment &plan, Say say = [](const std::string & /*text*/) {});

    const Node &node_;
    Journal &journal_;
    std::string token_;
    Monitor monitor_;
};

}  // namespace pgaf
