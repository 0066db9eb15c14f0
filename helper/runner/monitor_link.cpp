#include "runner/monitor_link.hpp"

#include <thread>

#include <fmt/format.h>

#include "core/errors.hpp"
#include "postgres/connection.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

// For a call's answer while applications wait for it.
constexpr std::chrono::seconds kInSwitch{2};

}  // namespace

MonitorLink::MonitorLink(Protocol &monitor, std::string token, const Position &position, ProgressView &view,
                         const RunnerSettings &settings)
    : monitor_(monitor), token_(std::move(token)), position_(position), view_(view), settings_(settings) {}

void MonitorLink::deliver_unless(std::string_view what, const std::function<void()> &call,
                                 const std::function<bool()> &is_given_up) {
    const auto deadline = std::chrono::steady_clock::now() + settings_.wait_limit;
    monitor_.set_limit(Protocol::kUsualLimit);
    while (true) {
        try {
            call();
            return;
        } catch (const PgError &error) {
            if (!error.is_transient() || is_given_up() || std::chrono::steady_clock::now() > deadline ||
                stop_was_asked()) {
                throw;
            }
            monitor_.disconnect();
            view_.waiting(fmt::format("the monitor, to report {}", what));
            std::this_thread::sleep_for(settings_.reconnect);
        }
    }
}

void MonitorLink::deliver(std::string_view what, const std::function<void()> &call) {
    deliver_unless(what, call, [] { return false; });
}

void MonitorLink::deliver_beside(std::string_view what, const std::function<void()> &call) {
    deliver_unless(what, call, [this] { return position_.is_going_back(); });
}

bool MonitorLink::tell(std::string_view what, const std::function<void()> &call) {
    const bool is_waited_for = position_.switch_step().empty();
    if (!alone_ && !is_waited_for) {
        monitor_.set_limit(kInSwitch);
        try {
            call();
            return true;
        } catch (const PgError &error) {
            if (!error.is_transient()) {
                throw;
            }
            monitor_.disconnect();
            alone_ = error.connection_lost();
        }
    }
    if (alone_) {
        view_.note("the monitor is away: this node goes on by its journal until it accepts writes");
        return false;
    }
    deliver(what, call);
    return true;
}

void MonitorLink::begin(std::string_view step) {
    try {
        monitor_.begin_step(token_, step);
    } catch (const PgError &error) {
        if (error.sqlstate() != code::kLeaseLost) {
            throw;
        }
        static_cast<void>(monitor_.attach(token_, false, true));
        monitor_.begin_step(token_, step);
    }
}

}  // namespace pgaf
