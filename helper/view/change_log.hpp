#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "view/run_record.hpp"

namespace pgaf {

// What `status --watch` writes where there is no terminal: a line for each thing that has changed since the last
// look, in the order of time, each beginning with the time of day.
class ChangeLog {
  public:
    [[nodiscard]] std::vector<std::string> changes(const RunRecord &run);

    // At most once until the monitor answers again.
    [[nodiscard]] std::optional<std::string> away(double now);

  private:
    bool has_begun_ = false;
    bool is_away_ = false;
    RunState state_ = RunState::Preparing;
    std::string waiting_for_;
    bool refused_ = false;
    std::map<std::pair<std::int64_t, std::string>, std::pair<StepState, int>> steps_;  // with its attempts
};

}  // namespace pgaf
