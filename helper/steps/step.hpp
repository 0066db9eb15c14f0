#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/steps.hpp"
#include "journal.hpp"
#include "monitor.hpp"
#include "node.hpp"

namespace pgaf {

// Old and new programs and pg_autoctls of this node: found by the step `discover`, and from the journal after it.
struct Installation {
    std::filesystem::path old_bindir;
    std::filesystem::path new_bindir;
    std::filesystem::path new_autoctl;
    std::string unit;

    // Throws HelperError(StepFailed) when discover has not been done.
    [[nodiscard]] static Installation from(const Journal &journal);
};

// What a step works with. `plan` is what attach answered: the run, this node and its group.
struct Context {
    const Node &node;
    Monitor &monitor;
    Journal &journal;
    const nlohmann::json &plan;
    std::string token;
    std::function<void(const std::string &)> say;  // progress, shown to people

    [[nodiscard]] Role role() const;
    [[nodiscard]] int source() const { return plan.at("source_version"); }
    [[nodiscard]] int target() const { return plan.at("target_version"); }
    [[nodiscard]] std::filesystem::path old_dir() const;  // the old cluster after the swap
    [[nodiscard]] std::filesystem::path new_dir() const;  // the new cluster before it
    [[nodiscard]] nlohmann::json group_primary() const;

    // Asks until the condition holds. Throws HelperError(TimedOut) that names `what`. A monitor that is
    // away in between, or that ended the call because of a deadlock, is asked again within the same time:
    // pg_auto_failover 2.0 deadlocks at times when maintenance begins while its keepers report.
    void wait_until(const std::string &what, std::chrono::seconds limit, const std::function<bool()> &condition) const;
};

// A unit of work on this node. After a crash it is performed again: it asks the disk and the servers
// how far it came, and does what is left.
class Step {
  public:
    virtual ~Step() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;

    // Returns what is kept as the step's result. Throws HelperError.
    virtual nlohmann::json perform(const Context &context) const = 0;
};

// Throws HelperError(Internal) for a name that is not in core's table.
[[nodiscard]] const Step &step_by_name(std::string_view name);

}  // namespace pgaf
