#include "runner.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "process.hpp"

namespace pgaf {

namespace {

constexpr std::chrono::seconds kHeartbeat{5};
constexpr std::chrono::milliseconds kPoll{1000};
constexpr std::chrono::milliseconds kReconnect{300};

}  // namespace

Runner::Runner(const Node &node, Journal &journal, ProgressView &view)
    : node_(node), journal_(journal), view_(view), monitor_(node), token_(journal.token()) {}

Runner::~Runner() = default;

bool Runner::attach(bool resumed) {
    // cron does not repeat what failed: somebody has to look at it first
    const auto plan = monitor_.attach(token_, !node_.options.once && !resumed, resumed);
    if (!plan) {
        return false;
    }
    plan_ = *plan;
    journal_.begin_run(plan_);
    return true;
}

bool Runner::wait_for_run() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(node_.options.wait_limit_s);
    while (!attach(false)) {
        if (node_.options.once) {
            return false;
        }
        view_.waiting("no upgrade has been started; on the monitor: SELECT pgaf_upgrade_start(version)");
        if (stop_was_asked() || std::chrono::steady_clock::now() > deadline) {
            throw HelperError(ExitCode::TimedOut, "no upgrade was started",
                              "On the monitor, in database pg_auto_failover: SELECT pgaf_upgrade_start(version).");
        }
        monitor_.wait_for_notification(kPoll);
    }
    return true;
}

// The monitor's steps while its own server is down: known from what this node has done.
std::string Runner::offline_step() const {
    if (node_.nodeid != 0 || !journal_.is_done("stop") || journal_.is_done("start")) {
        return {};
    }
    for (const auto *definition : steps_of(Role::Monitor)) {
        if (definition->offline && !journal_.is_done(std::string(definition->name))) {
            return std::string(definition->name);
        }
    }
    return {};
}

Context Runner::context(Monitor &monitor, const std::string &step) {
    return {.node = node_,
            .monitor = monitor,
            .journal = journal_,
            .plan = plan_,
            .token = token_,
            .say = [this, step](const std::string &text) {
                const std::lock_guard lock(progress_mutex_);
                progress_[step] = text;
                view_.progress(step, text);
            }};
}

void Runner::deliver(Monitor &monitor, const std::string &what, const std::function<void()> &call) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(node_.options.wait_limit_s);
    while (true) {
        try {
            call();
            return;
        } catch (const PgError &error) {
            if (!error.is_transient() || std::chrono::steady_clock::now() > deadline || stop_was_asked()) {
                throw;
            }
            monitor.disconnect();
            view_.waiting(fmt::format("the monitor, to report {}", what));
            std::this_thread::sleep_for(kReconnect);
        }
    }
}

void Runner::perform(const std::string &step) {
    const bool offline = !offline_step().empty();
    if (!offline) {
        deliver(monitor_, step, [&] { monitor_.begin_step(token_, step); });
    }
    journal_.begun(step);
    view_.begun(step);
    spdlog::info("step {} begins", step);
    nlohmann::json result;
    try {
        result = step_by_name(step).perform(context(monitor_, step));
    } catch (const HelperError &error) {
        journal_.failed(step, error.what());
        view_.failed(step, error.what());
        spdlog::error("step {} failed: {}", step, error.what());
        if (!offline) {
            deliver(monitor_, step, [&] { monitor_.fail_step(token_, step, error); });
        }
        throw HelperError(error.code() == ExitCode::CheckFailed ? ExitCode::CheckFailed : ExitCode::StepFailed,
                          fmt::format("step {} failed: {}", step, error.what()),
                          error.hint().empty() ? "Mend the cause, and run pgaf-upgrade run again." : error.hint());
    }
    journal_.done(step, result);
    view_.done(step);
    spdlog::info("step {} done: {}", step, result.dump());
    if (offline_step().empty()) {
        deliver(monitor_, step, [&] {
            if (offline) {
                attach(true);
                monitor_.sync_journal(token_, journal_.finished());
            } else {
                monitor_.finish_step(token_, step, result);
            }
        });
    }
}

void Runner::perform_in_background(const std::string &step) {
    deliver(monitor_, step, [&] { monitor_.begin_step(token_, step); });
    journal_.begun(step);
    view_.begun(step);
    background_runs_ = true;
    background_ = std::jthread([this, step] {
        Monitor monitor(node_);
        try {
            const auto result = step_by_name(step).perform(context(monitor, step));
            journal_.done(step, result);
            view_.done(step);
            deliver(monitor, step, [&] { monitor.finish_step(token_, step, result); });
        } catch (const HelperError &error) {
            view_.failed(step, error.what());
            try {
                deliver(monitor, step, [&] { monitor.fail_step(token_, step, error); });
            } catch (const HelperError &lost) {
                spdlog::error("could not report that {} failed: {}", step, lost.what());
            }
            const std::lock_guard lock(progress_mutex_);
            failure_.emplace(ExitCode::StepFailed, fmt::format("step {} failed: {}", step, error.what()), error.hint());
        }
        background_runs_ = false;
    });
}

void Runner::beat(const std::stop_token &stop) {
    Monitor monitor(node_);
    auto last = std::chrono::steady_clock::now();
    while (!stop.stop_requested()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        if (std::chrono::steady_clock::now() - last < kHeartbeat) {
            continue;
        }
        last = std::chrono::steady_clock::now();
        std::map<std::string, std::string> progress;
        {
            const std::lock_guard lock(progress_mutex_);
            progress.swap(progress_);
        }
        try {
            monitor.heartbeat(token_, "", "");
            for (const auto &[step, text] : progress) {
                monitor.heartbeat(token_, step, text);
            }
        } catch (const HelperError &error) {
            monitor.disconnect();  // it may be away; who waits for it says so
            spdlog::debug("heartbeat: {}", error.what());
        }
    }
}

ExitCode Runner::run() {
    // The monitor's own helper, started again while its server is down, goes by the journal.
    if (const auto plan = journal_.last_plan(); plan && node_.nodeid == 0) {
        plan_ = *plan;
        journal_.begin_run(plan_);
        if (offline_step().empty()) {
            plan_ = nullptr;
        }
    }
    if (plan_.is_null() && !wait_for_run()) {
        view_.note("nothing is due: no upgrade is under way");
        return ExitCode::Done;
    }
    view_.begin(plan_);
    heartbeat_ = std::jthread([this](const std::stop_token &stop) { beat(stop); });

    while (true) {
        if (stop_was_asked()) {
            throw HelperError(ExitCode::StepFailed, "stopped by the operator",
                              "Run pgaf-upgrade run again: it goes on where it stopped.");
        }
        {
            const std::lock_guard lock(progress_mutex_);
            if (failure_) {
                throw HelperError(*failure_);
            }
        }
        if (const auto step = offline_step(); !step.empty()) {
            perform(step);
            continue;
        }
        Due due;
        deliver(monitor_, "what is done", [&] {
            try {
                due = monitor_.next_step(token_);
            } catch (const PgError &error) {
                if (error.sqlstate() != "PU004") {  // the lease ended while the monitor was away
                    throw;
                }
                attach(true);
                due = monitor_.next_step(token_);
            }
        });
        if (due.run_state == "finished" || due.run_state == "aborted") {
            view_.note(fmt::format("run {} is {}", plan_.at("run").get<std::int64_t>(), due.run_state));
            return due.run_state == "finished" ? ExitCode::Done : ExitCode::Refused;
        }
        if (due.step.empty()) {
            view_.waiting(due.waiting_for);
            if (due.waiting_for.ends_with("on this node, which failed")) {
                throw HelperError(ExitCode::StepFailed, due.waiting_for,
                                  "See pgaf-upgrade status; when its cause is mended: pgaf-upgrade run.");
            }
            if (node_.options.once && !background_runs_) {
                return ExitCode::Done;
            }
            try {
                monitor_.wait_for_notification(kPoll);
            } catch (const PgError &) {
                monitor_.disconnect();
            }
            continue;
        }
        const auto *definition = find_step(context(monitor_, due.step).role(), due.step);
        if (definition != nullptr && definition->background) {
            perform_in_background(due.step);
        } else {
            perform(due.step);
        }
    }
}

}  // namespace pgaf
