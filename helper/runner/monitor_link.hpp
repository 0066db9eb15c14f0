#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "monitor/protocol.hpp"
#include "runner/position.hpp"
#include "runner/settings.hpp"
#include "view/progress_view.hpp"

namespace pgaf {

// Decides when the monitor is away, who waits for it and who goes on alone, and repeats calls.
class MonitorLink {
  public:
    MonitorLink(Protocol &monitor, std::string token, const Position &position, ProgressView &view,
                const RunnerSettings &settings);

    [[nodiscard]] Protocol &monitor() { return monitor_; }
    [[nodiscard]] const std::string &token() const { return token_; }

    // Repeats the call while the monitor is away, until the limit or until the operator stops it. `what` is what waits,
    // for people. Throws what else the call throws.
    void deliver(std::string_view what, const std::function<void()> &call);

    // The same of a background step, which gives up once its node goes back.
    void deliver_beside(std::string_view what, const std::function<void()> &call);

    // Whether the monitor was told; where it is not waited for, it may not have been.
    bool tell(std::string_view what, const std::function<void()> &call);

    // Takes the lease again where it has ended while the monitor was away.
    void begin(std::string_view step);

    // The monitor is away, and this node has steps that do not wait for it.
    [[nodiscard]] bool is_alone() const { return alone_; }
    void go_alone() { alone_ = true; }
    void go_together() { alone_ = false; }

  private:
    void deliver_unless(std::string_view what, const std::function<void()> &call,
                        const std::function<bool()> &is_given_up);

    Protocol &monitor_;
    std::string token_;
    const Position &position_;
    ProgressView &view_;
    const RunnerSettings &settings_;
    bool alone_ = false;
};

}  // namespace pgaf
