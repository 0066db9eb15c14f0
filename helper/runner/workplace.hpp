#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "monitor/protocol.hpp"

namespace pgaf {

// Progress, shown to people.
using Say = std::function<void(const std::string &)>;

// This node as the runner sees it: a connection to the monitor, and what is done and asked on the node. One a thread.
// Everything throws HelperError, or what the libraries below throw.
class Workplace {
  public:
    Workplace() = default;
    Workplace(const Workplace &) = delete;
    Workplace &operator=(const Workplace &) = delete;
    virtual ~Workplace() = default;

    [[nodiscard]] virtual Protocol &monitor() = 0;

    // A step, to its end: what is found done is not done again. Returns its result.
    [[nodiscard]] virtual nlohmann::json carry_out(const Assignment &plan, std::string_view step, const Say &say) = 0;
    // Can be repeated after a crash.
    virtual void undo(const Assignment &plan, std::string_view step, const Say &say) = 0;

    // The flag that keeps the service from being started.
    [[nodiscard]] virtual bool is_between_clusters() = 0;
    // Of the new cluster, which no service starts yet: again, where it has ended.
    virtual void keep_server_up(const Assignment &plan) = 0;
    // Of this node: names with versions.
    [[nodiscard]] virtual nlohmann::json software(const Assignment &plan) = 0;

    // At the gate. What is otherwise than it was shown, and what else stands in the way of the switch, told to the
    // monitor; empty where nothing is.
    [[nodiscard]] virtual std::string edited_since_shown(const Assignment &plan, const Say &say) = 0;
    [[nodiscard]] virtual std::string found_at_gate(const Assignment &plan, const Say &say) = 0;

    // For the way back.
    [[nodiscard]] virtual bool is_swapped(const Assignment &plan) = 0;
    [[nodiscard]] virtual bool has_old_cluster_aside(const Assignment &plan) = 0;
    [[nodiscard]] virtual bool was_new_server_started(const Assignment &plan) = 0;
    [[nodiscard]] virtual std::string describe_new_data(const Assignment &plan) = 0;
    virtual void end_new_server(const Assignment &plan) = 0;
    // The old cluster, which is whole again. Needs no monitor.
    virtual void serve_old_cluster(const Assignment &plan, const Say &say) = 0;

    // Where the monitor's host is lost for good. The first two wait, as long as the operator does.
    virtual void wait_for_primary(const Assignment &plan, const Say &say) = 0;
    virtual void wait_for_standbys(const Assignment &plan, const Say &say) = 0;
    // Taken out of pg_autoctl's configuration. Returns false where it was so already.
    virtual bool leave_monitor(const Assignment &plan) = 0;
    virtual void serve_without_monitor(const Assignment &plan, const Say &say) = 0;
    // The commands by which this node gets a new monitor.
    [[nodiscard]] virtual std::string commands_to_get_monitor(const Assignment &plan) = 0;
};

// Another one, for another thread.
using OpenWorkplace = std::function<std::unique_ptr<Workplace>()>;

}  // namespace pgaf
