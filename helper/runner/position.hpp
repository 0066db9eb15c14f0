#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "monitor/answers.hpp"
#include "monitor/assignment.hpp"
#include "run/journal.hpp"

namespace pgaf {

// Where this node stands in its run, by what it knows itself: the plan that the monitor gave it, and its journal.
class Position {
  public:
    // `is_between_clusters` tells from the disk.
    Position(Journal &journal, std::int64_t nodeid, std::function<bool()> is_between_clusters);

    [[nodiscard]] bool has_plan() const { return plan_.has_value(); }
    // Throws HelperError(Internal) where there is none.
    [[nodiscard]] const Assignment &plan() const;
    void take(const Attached &attached);
    // The plan that the journal has; false where it has none.
    bool recall();
    void forget() { plan_.reset(); }

    // From when it was asked for here, or this node has seen it, the node does not go forward in this run any more:
    // neither alone, nor when a monitor that has gone back to its old cluster knows of no rollback.
    [[nodiscard]] bool is_going_back() const;
    // It has begun to: the monitor has agreed.
    [[nodiscard]] bool has_begun_to_go_back() const;

    // The next of the steps between which the primary refuses writes. None of them needs the monitor: once `stop` has
    // begun they do not wait for one that is away. Empty when there is none.
    [[nodiscard]] std::string_view switch_step() const;

    // The next of the monitor's steps while its own server is down: known from what this node has done. Empty when
    // there is none.
    [[nodiscard]] std::string_view offline_step() const;

  private:
    [[nodiscard]] std::string_view first_not_done(Role role, bool (*is_meant)(const StepDefinition &)) const;

    Journal &journal_;
    std::int64_t nodeid_;
    std::function<bool()> is_between_clusters_;
    std::optional<Assignment> plan_;
};

}  // namespace pgaf
