#include "runner/performer.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "postgres/connection.hpp"
#include "run/warnings.hpp"
#include "system/document.hpp"
#include "system/error.hpp"
#include "system/fault.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

// What a step of best effort would have done.
std::string by_hand(std::string_view step) {
    if (step == steps::kStatistics) {
        return "Type vacuumdb --all --analyze-in-stages.";
    }
    return step == steps::kUpdateExtensions ? "Type ALTER EXTENSION name UPDATE in each database." : "";
}

}  // namespace

Performer::Performer(const RunnerParts &parts) : parts_(parts) {}

HelperError Performer::failure_of(std::string_view step, const HelperError &error) {
    // what a server refuses is a failure; what the step itself refuses is not
    const bool is_refused = error.code() == ExitCode::Refused && dynamic_cast<const PgError *>(&error) == nullptr;
    const bool says_which = dynamic_cast<const UnexpectedError *>(&error) != nullptr;
    return {error.code() == ExitCode::CheckFailed || is_refused ? error.code() : ExitCode::StepFailed,
            says_which ? error.what() : fmt::format("step {} failed: {}", step, error.what()),
            error.hint().empty() ? "Mend the cause, and run pgaf-upgrade run again." : error.hint()};
}

// A monitor that goes away does not fail a step: it is asked how far it came once the monitor is back.
nlohmann::json Performer::try_to_carry_out(Workplace &workplace, MonitorLink &link, const Assignment &plan,
                                           std::string_view step, bool waits_for_monitor) {
    for (int attempt = 1;; ++attempt) {
        try {
            return workplace.carry_out(plan, step, parts_.progress.of(step));
        } catch (const PgError &error) {
            if (!error.is_transient() || !waits_for_monitor || attempt >= parts_.settings.attempts ||
                stop_was_asked()) {
                throw;
            }
            spdlog::warn("step {} is interrupted: {}", step, error.what());
            workplace.monitor().disconnect();
        }
        std::this_thread::sleep_for(parts_.settings.reconnect);
        link.deliver(step, [&] { link.begin(step); });
    }
}

// What no data depends on holds up nothing.
nlohmann::json Performer::carry_out(Workplace &workplace, MonitorLink &link, const Assignment &plan,
                                    std::string_view step, bool waits_for_monitor) {
    const auto try_it = [&] { return try_to_carry_out(workplace, link, plan, step, waits_for_monitor); };
    if (!is_best_effort(plan.node.role, step)) {
        return try_it();
    }
    try {
        return with_errors_told(fmt::format("step {}", step), try_it);
    } catch (const HelperError &error) {
        if (stop_was_asked() || parts_.position.is_going_back()) {
            throw;
        }
        spdlog::warn("step {} is not done: {}", step, error.what());
        Warnings warnings;
        warnings.add(fmt::format("step {}", step), error.what(),
                     error.hint().empty() ? by_hand(step) : fmt::format("{} {}", error.hint(), by_hand(step)));
        return {{"warnings", warnings.json()}};
    }
}

void Performer::begin_here(std::string_view step) {
    parts_.journal.begun(step);
    parts_.view.begun(step);
    fault_point(step, "before");
    spdlog::info("step {} begins", step);
}

void Performer::end_here(std::string_view step, const nlohmann::json &result) {
    fault_point(step, "after");
    parts_.journal.done(step, result);
    fault_point(step, "written");
    parts_.view.done(step, warnings_in_words(result));
    spdlog::info("step {} done: {}", step, dumped(result));
}

// As far as it can be: the disk may be what has failed.
void Performer::fail_here(std::string_view step, const HelperError &error) {
    with_errors_logged(fmt::format("could not write down that {} failed", step), [&] {
        parts_.view.failed(step, error.what());
        spdlog::error("step {} failed: {}", step, error.what());
        parts_.journal.failed(step, error.what());
    });
}

// The step's own error is what its node ends by, whether the monitor can be told of it or not.
void Performer::report_failure(std::string_view step, const std::function<void()> &report) {
    with_errors_logged(fmt::format("could not report that {} failed", step), report);
}

void Performer::perform(std::string_view step, const std::function<void(const HelperError &)> &when_failed) {
    const bool offline = !parts_.position.offline_step().empty();
    auto &link = parts_.link;
    if (!offline && !link.is_alone()) {
        link.tell(step, [&] { link.begin(step); });
    }
    nlohmann::json result;
    try {
        with_errors_told(fmt::format("step {}", step), [&] {
            begin_here(step);
            result = carry_out(parts_.workplace, link, parts_.position.plan(), step, !offline && !link.is_alone());
            end_here(step, result);
        });
    } catch (const HelperError &error) {
        fail_here(step, error);
        when_failed(error);
        if (!offline && !link.is_alone()) {
            report_failure(step,
                           [&] { link.deliver(step, [&] { link.monitor().fail_step(link.token(), step, error); }); });
        }
        throw failure_of(step, error);
    }
    if (offline && parts_.position.offline_step().empty()) {
        link.deliver(step, [&] { parts_.attachment.attach(true); });
    } else if (parts_.position.offline_step().empty() && !link.is_alone()) {
        link.tell(step, [&] { link.monitor().finish_step(link.token(), step, result); });
    }  // else its server is down: the journal tells it later
}

// With a connection of its own, and the plan as it is now.
void Performer::work_in_background(const std::string &step, const Assignment &plan) {
    std::unique_ptr<Workplace> workplace;
    std::optional<MonitorLink> link;
    try {
        with_errors_told(fmt::format("step {}", step), [&] {
            workplace = parts_.open();
            link.emplace(workplace->monitor(), parts_.link.token(), parts_.position, parts_.view, parts_.settings);
            const auto result = carry_out(*workplace, *link, plan, step, true);
            end_here(step, result);
            link->deliver_beside(step, [&] { link->monitor().finish_step(link->token(), step, result); });
        });
    } catch (const HelperError &error) {
        fail_here(step, error);
        {
            // before the monitor hears of it, and no longer has the later steps due
            const std::lock_guard lock(mutex_);
            failure_.emplace(failure_of(step, error));
        }
        if (link) {
            report_failure(step, [&] {
                link->deliver_beside(step, [&] { link->monitor().fail_step(link->token(), step, error); });
            });
        }
    }
}

void Performer::perform_in_background(std::string_view step) {
    auto &link = parts_.link;
    link.deliver(step, [&] { link.begin(step); });
    try {
        with_errors_told(fmt::format("step {}", step), [&] {
            begin_here(step);
            auto &background = background_.emplace_back();
            background.thread =
                std::jthread([this, &background, step = std::string(step), plan = parts_.position.plan()] {
                    with_errors_logged(step, [&] { work_in_background(step, plan); });
                    background.runs = false;
                });
        });
    } catch (const HelperError &error) {
        std::erase_if(background_, [](const Background &background) { return !background.thread.joinable(); });
        fail_here(step, error);
        report_failure(step, [&] { link.monitor().fail_step(link.token(), step, error); });
        throw failure_of(step, error);
    }
}

bool Performer::has_background() const {
    return std::ranges::any_of(background_, [](const Background &background) { return background.runs.load(); });
}

void Performer::keep_server_up() {
    const auto &journal = parts_.journal;
    const bool is_started = journal.is_done(steps::kStart) || journal.is_done(steps::kRebuild);  // primary, secondary
    if (parts_.settings.nodeid != 0 && is_started && !parts_.position.is_going_back() &&
        parts_.workplace.is_between_clusters()) {
        parts_.workplace.keep_server_up(parts_.position.plan());
    }
}

void Performer::require_background() {
    const std::lock_guard lock(mutex_);
    if (failure_) {
        throw HelperError(*failure_);
    }
}

}  // namespace pgaf
