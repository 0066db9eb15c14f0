#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "core/steps.hpp"
#include "monitor/monitor.hpp"
#include "node/node.hpp"
#include "run/installation.hpp"
#include "run/journal.hpp"

namespace pgaf {

// What a step works with. `plan` is what attach answered: the run, this node and its group.
struct Context {
    const Node &node;
    Monitor &monitor;
    Journal &journal;
    const Assignment &plan;
    std::string token;
    std::function<void(const std::string &)> say;  // progress, shown to people

    [[nodiscard]] Role role() const { return plan.node.role; }
    // How pg_upgrade brings the data files into the new cluster: link, swap, clone or copy.
    [[nodiscard]] std::string method() const;
    // Throws HelperError(StepFailed) where neither the plan nor this node's step `discover` tells it.
    [[nodiscard]] int source() const;
    [[nodiscard]] int target() const { return plan.target_version; }
    [[nodiscard]] const std::string &formation() const { return plan.node.formation; }
    [[nodiscard]] std::string standby_method() const;     // of this node: one that was kept is copied
    [[nodiscard]] std::filesystem::path old_dir() const;  // the old cluster after the swap
    [[nodiscard]] std::filesystem::path new_dir() const;  // the new cluster before it

    // The node of the group that takes writes, or goes to take them, as the monitor has it now: before and after
    // the switch pg_auto_failover may replace the run's primary. That one while there is none.
    [[nodiscard]] std::int64_t current_primary() const;

    // pg_auto_failover is on guard until the secondaries are in maintenance. Throws HelperError(Refused) when it has
    // replaced the run's primary.
    void require_same_primary() const;

    // Where the new cluster is until the swap and after it, and the old one likewise.
    [[nodiscard]] bool is_swapped() const;

    // A connection to this node's server as its superuser, waited for a little: after a boot the service
    // may still be on its way. Throws HelperError.
    [[nodiscard]] Connection local_server(const std::string &dbname = "postgres") const;

    // For psql and its like, to reach the local server as its superuser. Throws HelperError(StepFailed) when none runs.
    [[nodiscard]] std::vector<std::string> server_arguments() const;

    // As the operator would have the limits: times --limit-factor.
    [[nodiscard]] std::chrono::seconds limit(std::chrono::seconds usual) const;

    // The states of the group's nodes as the monitor has them, in a line for people; empty when it is away.
    [[nodiscard]] std::string describe_group() const;

    // Asks until the condition holds. Throws HelperError(TimedOut) that names `what`. A monitor that is
    // away in between is asked again within the same time, and so is one that ended the call because of a
    // deadlock (pg_auto_failover 2.0 at times, when maintenance begins while its keepers report) or
    // because the node's state does not allow it yet.
    void wait_until(const std::string &what, std::chrono::seconds usual_limit,
                    const std::function<bool()> &condition) const;
};

// How far a step has come, by the disk and the servers. A step that is partial is finished or undone by
// perform(); what is done has the result that perform() would return.
enum class Progress { Absent, Partial, Done };

struct Found {
    Progress progress = Progress::Absent;
    std::shared_ptr<const nlohmann::json> result = nullptr;
    [[nodiscard]] static Found done(const nlohmann::json &result);
};

// A unit of work on this node. After a crash at any instant, probe() and perform() bring it to its end.
class Step {
  public:
    Step() = default;
    Step(const Step &) = delete;
    Step &operator=(const Step &) = delete;
    virtual ~Step() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;

    // Absent for the steps that only look: they look again.
    [[nodiscard]] virtual Found probe(const Context & /*context*/) const { return {}; }

    // Returns what is kept as the step's result. Throws HelperError.
    [[nodiscard]] virtual nlohmann::json perform(const Context &context) const = 0;

    // Takes back what perform() did, or part of it, when the steps after it have been undone. Again after a
    // crash. Throws HelperError(Refused) when it can no longer be undone.
    virtual void undo(const Context & /*context*/) const {}
};

// Throws HelperError(Internal) for a name that is not in core's table.
[[nodiscard]] const Step &step_by_name(std::string_view name);

}  // namespace pgaf
