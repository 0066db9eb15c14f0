#include "runner/heartbeat.hpp"

#include <utility>

#include <spdlog/spdlog.h>

#include "system/error.hpp"

namespace pgaf {

Heartbeat::Heartbeat(OpenWorkplace open, std::string token, StepProgress &progress, const RunnerSettings &settings)
    : open_(std::move(open)), token_(std::move(token)), progress_(progress), settings_(settings) {
    thread_ = std::jthread(
        [this](const std::stop_token &stop) { with_errors_logged("the heartbeat has ended", [&] { beat(stop); }); });
}

void Heartbeat::beat_once(Workplace &workplace) {
    workplace.monitor().heartbeat(token_, "", "");
    for (const auto &[step, text] : progress_.take()) {
        workplace.monitor().heartbeat(token_, step, text);
    }
}

// A monitor that is away is said once: who waits for it says so, too.
void Heartbeat::beat(const std::stop_token &stop) {
    std::unique_ptr<Workplace> workplace;
    bool is_heard = true;
    while (true) {
        std::unique_lock lock(mutex_);
        if (stopped_.wait_for(lock, stop, settings_.heartbeat, [] { return false; }) || stop.stop_requested()) {
            return;
        }
        const auto once = [&] {
            if (!workplace) {
                workplace = open_();
            }
            beat_once(*workplace);
        };
        const bool was_heard = std::exchange(is_heard, with_errors_logged("heartbeat", once, !is_heard));
        if (is_heard && !was_heard) {
            spdlog::info("heartbeat: the monitor hears this helper again");
        } else if (!is_heard && workplace) {
            workplace->monitor().disconnect();
        }
    }
}

}  // namespace pgaf
