#include "runner/runner.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "cluster/serving_server.hpp"
#include "core/errors.hpp"
#include "run/software.hpp"
#include "steps/steps.hpp"
#include "system/fault.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

constexpr std::chrono::seconds kHeartbeat{5};
// A notification comes with everything that happens; this is for the time of the approval, and for one lost.
constexpr std::chrono::milliseconds kPoll{2000};

// How errors call it.
constexpr const char *kJournalsPlan = "the plan in this node's journal";

}  // namespace

Runner::Runner(const Node &node, Journal &journal, ProgressView &view)
    : node_(node), journal_(journal), view_(view), monitor_(node), token_(journal.token()) {
    // A node that was made by copying another's disk would speak for that one.
    const auto document = journal.last_plan();
    const auto plan = document ? std::optional(parse_assignment(*document, kJournalsPlan)) : std::nullopt;
    if (plan && plan->node.id != node.nodeid) {
        throw HelperError(ExitCode::Refused,
                          fmt::format("the journal in \"{}\" is of {}, and this is node {}", node.work_dir().string(),
                                      plan->node.name, node.nodeid),
                          "Move that folder away, if this node was made by copying the other.");
    }
}

Runner::~Runner() = default;

const Assignment &Runner::plan() const {
    if (!plan_) {
        throw HelperError(ExitCode::Internal, "this node has no plan of a run yet", "Run pgaf-upgrade run again.");
    }
    return *plan_;
}

bool Runner::recall() {
    const auto document = journal_.last_plan();
    if (document) {
        plan_ = parse_assignment(*document, kJournalsPlan);
        journal_.begin_run(*document);
    }
    return document.has_value();
}

void Runner::show_plan() {
    std::vector<std::pair<std::string, StepState>> steps;
    for (const auto &step : plan().steps) {
        steps.emplace_back(step.name, step.state);
    }
    const auto source = plan().source_version ? fmt::format("{}", *plan().source_version) : "?";
    view_.begin(fmt::format("run {}: {} ({}) from PostgreSQL {} to {}", plan().run, plan().node.name,
                            to_string(plan().node.role), source, plan().target_version),
                plan().node.role, steps);
}

bool Runner::attach(bool resumed) {
    // cron does not repeat what failed: somebody has to look at it first
    auto attached = monitor_.attach(token_, !node_.options.once && !resumed, resumed);
    if (!attached) {
        return false;
    }
    plan_ = std::move(attached->plan);
    journal_.begin_run(attached->document);
    sync_journal();
    report_software();
    alone_ = false;
    return true;
}

// By each session until the switch: what was installed in between is seen by the other nodes' checks.
void Runner::report_software() {
    if (journal_.was_begun(steps::kStop) || journal_.was_begun(steps::kEnterMaintenance) || is_going_back()) {
        return;
    }
    const int target = plan().target_version;
    monitor_.report_software(token_, to_json(software_of(Installation::find(node_, target), target)));
}

// What this node did and could not report.
void Runner::sync_journal() {
    const auto finished = journal_.finished();
    if (finished.empty()) {
        return;
    }
    try {
        monitor_.sync_journal(token_, finished);
    } catch (const PgError &error) {
        if (error.sqlstate() != code::kStepNotDue) {
            throw;
        }
        spdlog::info("the monitor takes not all of the journal: {}", error.what());  // it is found done instead
    }
}

// Between these the primary refuses writes, and none of them needs the monitor: once `stop` has begun they
// do not wait for one that is away.
std::string Runner::switch_step() const {
    if (is_going_back() || !plan_ || plan_->node.role != Role::Primary || !journal_.was_begun(steps::kStop)) {
        return {};
    }
    for (const auto *definition : steps_of(Role::Primary)) {
        if (definition->phase == Phase::Switch && !journal_.is_done(definition->name)) {
            return std::string(definition->name);
        }
    }
    return {};
}

// Whether the monitor was told; where it is not waited for, it may not have been.
bool Runner::tell(const std::string &what, const std::function<void()> &call) {
    const bool is_waited_for = switch_step().empty();
    if (!alone_ && !is_waited_for) {
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
    deliver(monitor_, what, call);
    return true;
}

bool Runner::wait_for_run() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(node_.options.wait_limit_s);
    const auto is_there_a_run = [this] {
        bool there = false;
        const auto ask = [&] { there = attach(false); };
        if (node_.options.once) {
            ask();
            return there;
        }
        // a node that took part in a run before waits for the monitor; any other may have the wrong one
        if (!journal_.last_plan()) {
            monitor_.require();
        }
        deliver(monitor_, "where it stands", ask);
        return there;
    };
    while (!is_there_a_run()) {
        if (node_.options.once) {
            return false;
        }
        view_.waiting("an upgrade to be started; on the monitor: SELECT pgaf_upgrade_start(version)");
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
    if (is_going_back() || node_.nodeid != 0 || !journal_.was_begun(steps::kStop) || journal_.is_done(steps::kStart)) {
        return {};
    }
    if (!journal_.is_done(steps::kStop)) {
        return std::filesystem::exists(node_.guard_flag()) ? std::string(steps::kStop) : "";
    }
    for (const auto *definition : steps_of(Role::Monitor)) {
        if (definition->offline && !journal_.is_done(definition->name)) {
            return std::string(definition->name);
        }
    }
    return {};
}

Context Runner::context(Monitor &monitor, const std::string &step) {
    return {.node = node_,
            .monitor = monitor,
            .journal = journal_,
            .plan = plan(),
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
            const bool is_given_up = is_going_back() && &monitor != &monitor_;  // a background step's
            if (!error.is_transient() || is_given_up || std::chrono::steady_clock::now() > deadline ||
                stop_was_asked()) {
                throw;
            }
            monitor.disconnect();
            view_.waiting(fmt::format("the monitor, to report {}", what));
            std::this_thread::sleep_for(kReconnect);
        }
    }
}

// The new server runs without a service until pg_autoctl is started over it: what a power cut or the
// kernel has ended in between is started by nobody else.
void Runner::keep_server_up(const Context &context) {
    const bool is_started =
        journal_.is_done(steps::kStart) || journal_.is_done(steps::kRebuild);  // of primary, of secondary
    if (node_.nodeid != 0 && is_started && !is_going_back() && std::filesystem::exists(node_.guard_flag()) &&
        context.is_swapped() && !node_.running_server()) {
        spdlog::warn("the new server does not run: it is started again");
        start_server(context);
    }
}

// What is found done, by an attempt that could not say so, is not done again.
nlohmann::json Runner::carry_out(Monitor &monitor, const std::string &step) {
    const auto with = context(monitor, step);
    const auto found = step_by_name(step).probe(with);
    if (found.progress == Progress::Done) {
        spdlog::info("step {} is found done", step);
        return *found.result;
    }
    if (found.progress == Progress::Partial) {
        spdlog::info("step {} is found partly done", step);
    }
    return step_by_name(step).perform(with);
}

// A monitor that goes away does not fail a step: it is asked how far it came once the monitor is back.
nlohmann::json Runner::carry_out_patiently(Monitor &monitor, const std::string &step, bool offline) {
    for (int attempt = 1;; ++attempt) {
        try {
            return carry_out(monitor, step);
        } catch (const PgError &error) {
            if (!error.is_transient() || offline || attempt >= kStepAttempts || stop_was_asked()) {
                throw;
            }
            spdlog::warn("step {} is interrupted: {}", step, error.what());
            monitor.disconnect();
        }
        std::this_thread::sleep_for(kReconnect);
        deliver(monitor, step, [&] { begin(monitor, step); });
    }
}

// The lease may have ended while the monitor was away.
void Runner::begin(Monitor &monitor, const std::string &step) {
    try {
        monitor.begin_step(token_, step);
    } catch (const PgError &error) {
        if (error.sqlstate() != code::kLeaseLost) {
            throw;
        }
        static_cast<void>(monitor.attach(token_, false, true));
        monitor.begin_step(token_, step);
    }
}

void Runner::perform(const std::string &step) {
    const bool offline = !offline_step().empty();
    if (!offline && !alone_) {
        tell(step, [&] { begin(monitor_, step); });
    }
    journal_.begun(step);
    view_.begun(step);
    fault_point(step, "before");
    spdlog::info("step {} begins", step);
    nlohmann::json result;
    try {
        result = carry_out_patiently(monitor_, step, offline || alone_);
    } catch (const HelperError &error) {
        journal_.failed(step, error.what());
        view_.failed(step, error.what());
        spdlog::error("step {} failed: {}", step, error.what());
        if (!offline && !alone_) {
            deliver(monitor_, step, [&] { monitor_.fail_step(token_, step, error); });
        }
        // what a server refuses is a failure; what the step itself refuses is not
        const bool is_refused = error.code() == ExitCode::Refused && dynamic_cast<const PgError *>(&error) == nullptr;
        throw HelperError(error.code() == ExitCode::CheckFailed || is_refused ? error.code() : ExitCode::StepFailed,
                          fmt::format("step {} failed: {}", step, error.what()),
                          error.hint().empty() ? "Mend the cause, and run pgaf-upgrade run again." : error.hint());
    }
    fault_point(step, "after");
    journal_.done(step, result);
    view_.done(step);
    spdlog::info("step {} done: {}", step, result.dump());
    if (offline && offline_step().empty()) {
        deliver(monitor_, step, [&] { attach(true); });
    } else if (offline_step().empty() && !alone_) {  // else its server is down: the journal tells it later
        tell(step, [&] { monitor_.finish_step(token_, step, result); });
    }
}

void Runner::perform_in_background(const std::string &step) {
    deliver(monitor_, step, [&] { begin(monitor_, step); });
    journal_.begun(step);
    view_.begun(step);
    fault_point(step, "before");
    background_runs_ = true;
    background_ = std::jthread([this, step] {
        Monitor monitor(node_);
        try {
            const auto result = carry_out_patiently(monitor, step, false);
            fault_point(step, "after");
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

// Returns when the run has changed, and at the latest after kPoll.
void Runner::wait_for_change() {
    try {
        monitor_.wait_for_notification(kPoll);
    } catch (const PgError &) {
        monitor_.disconnect();
    }
}

ExitCode Runner::run() {
    // Started again where the monitor's own server is down, or the switch is under way while it is away: by
    // the journal.
    if (recall()) {
        if (is_going_back() && node_.nodeid == 0) {
            static_cast<void>(undo_steps());  // its server may be between its clusters
        }
        if (offline_step().empty() && (switch_step().empty() || tell("where it stands", [&] { attach(false); }))) {
            plan_.reset();
        }
    }
    if (!plan_ && !wait_for_run()) {
        view_.note("nothing is due: no upgrade is under way");
        return ExitCode::Done;
    }
    show_plan();
    heartbeat_ = std::jthread([this](const std::stop_token &stop) { beat(stop); });

    while (true) {
        if (stop_was_asked()) {
            throw HelperError(ExitCode::StepFailed, "stopped by the operator",
                              "Run pgaf-upgrade run again: it goes on where it stopped.");
        }
        {
            const std::lock_guard lock(progress_mutex_);
            if (failure_ && !is_going_back()) {
                throw HelperError(*failure_);
            }
        }
        keep_server_up(context(monitor_, std::string(steps::kStart)));
        if (const auto step = offline_step(); !step.empty()) {
            perform(step);
            continue;
        }
        if (alone_) {
            if (const auto step = switch_step(); !step.empty()) {
                perform(step);
            } else {
                deliver(monitor_, "the switch", [&] { attach(true); });
            }
            continue;
        }
        Due due;
        const bool is_told = tell("what is done", [&] {
            try {
                due = monitor_.next_step(token_);
            } catch (const PgError &error) {
                if (error.sqlstate() != code::kLeaseLost) {
                    throw;
                }
                attach(true);
                due = monitor_.next_step(token_);
            }
        });
        if (!is_told) {
            continue;
        }
        if (has_ended(due.run_state)) {
            view_.note(fmt::format("run {} is {}", plan().run, to_string(due.run_state)));
            return due.run_state == RunState::Finished ? ExitCode::Done : ExitCode::Refused;
        }
        if (due.run_state == RunState::RollingBack || is_going_back()) {
            if (!go_back(due)) {
                if (node_.options.once) {
                    return ExitCode::Done;
                }
                view_.waiting(due.wait.what);
                wait_for_change();
            }
            continue;
        }
        close_gate_if_edited(due);
        if (due.step.empty()) {
            view_.waiting(due.wait.reason == WaitReason::Approval
                              ? fmt::format("{}: SELECT pgaf_upgrade_approve({})", due.wait.what, plan().run)
                              : due.wait.what);
            if (due.wait.reason == WaitReason::FailedHere) {
                throw HelperError(ExitCode::StepFailed, due.wait.what,
                                  "See pgaf-upgrade status; when its cause is mended: pgaf-upgrade run.");
            }
            if (node_.options.once && !background_runs_) {
                return ExitCode::Done;
            }
            wait_for_change();
            continue;
        }
        close_gate_if_hindered(due);
        const auto *definition = find_step(context(monitor_, due.step).role(), due.step);
        if (definition != nullptr && definition->background) {
            perform_in_background(due.step);
        } else {
            perform(due.step);
        }
    }
}

}  // namespace pgaf
