#include "runner/loop.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "core/errors.hpp"
#include "postgres/connection.hpp"
#include "runner/heartbeat.hpp"
#include "system/document.hpp"
#include "system/process.hpp"

namespace pgaf {

// Started again where the monitor's own server is down, or the switch is under way while it is away.
void Loop::go_on_by_journal() {
    auto &position = parts_.position;
    if (!position.recall()) {
        return;
    }
    rollback_.go_on_alone();
    rollback_.ask_again();
    const bool is_needed = !position.offline_step().empty() || !position.switch_step().empty();
    if (!position.offline_step().empty()) {
        return;
    }
    if (!is_needed || parts_.link.tell("where it stands", [this] { parts_.attachment.attach(false); })) {
        position.forget();
    }
}

bool Loop::wait_for_run() {
    const auto &settings = parts_.settings;
    const auto deadline = std::chrono::steady_clock::now() + settings.wait_limit;
    const auto is_there_a_run = [&] {
        bool there = false;
        const auto attach = [&] { there = parts_.attachment.attach(false); };
        if (settings.once) {
            attach();
            return there;
        }
        // a node that took part in a run before waits for the monitor; any other may have the wrong one
        if (!parts_.journal.last_plan()) {
            parts_.link.monitor().require();
        }
        parts_.link.deliver("where it stands", attach);
        return there;
    };
    while (!is_there_a_run()) {
        if (settings.once) {
            return false;
        }
        parts_.view.waiting("an upgrade to be started; on the monitor: SELECT pgaf_upgrade_start(version)");
        if (stop_was_asked() || std::chrono::steady_clock::now() > deadline) {
            throw HelperError(ExitCode::TimedOut, "no upgrade was started",
                              "On the monitor, in database pg_auto_failover: SELECT pgaf_upgrade_start(version).");
        }
        parts_.link.monitor().wait_for_notification(settings.poll);
    }
    return true;
}

ExitCode Loop::run() {
    go_on_by_journal();
    if (!parts_.position.has_plan() && !wait_for_run()) {
        parts_.view.note("nothing is due: no upgrade is under way");
        return ExitCode::Done;
    }
    parts_.progress.begin(parts_.position.plan());
    const Heartbeat heartbeat(parts_.open, parts_.link.token(), parts_.progress, parts_.settings);
    try {
        while (true) {
            if (const auto end = turn()) {
                return *end;
            }
        }
    } catch (const HelperError &) {
        require_background();  // it may be what this comes of: a step is not due where one beside it has failed
        throw;
    }
}

void Loop::require_background() {
    if (!parts_.position.is_going_back()) {
        performer_.require_background();
    }
}

Loop::End Loop::turn() {
    auto &position = parts_.position;
    if (is_terminal_gone() && !std::exchange(has_said_gone_, true)) {
        spdlog::warn("the terminal is closed: this helper goes on, and pgaf-upgrade status shows the run");
    }
    if (stop_was_asked()) {
        throw HelperError(ExitCode::StepFailed, "stopped by the operator",
                          "Run pgaf-upgrade run again: it goes on where it stopped.");
    }
    require_background();
    performer_.keep_server_up();
    if (const auto step = position.offline_step(); !step.empty()) {
        perform_step(step);
        return std::nullopt;
    }
    if (parts_.link.is_alone()) {
        go_on_alone();
        return std::nullopt;
    }
    const auto due = ask();
    if (!due) {
        return std::nullopt;
    }
    if (has_ended(due->run_state)) {
        parts_.view.note(fmt::format("run {} is {}", position.plan().run, to_string(due->run_state)));
        return due->run_state == RunState::Finished ? end_of_finished() : ExitCode::Refused;
    }
    if (due->run_state == RunState::RollingBack || position.is_going_back()) {
        return go_back(*due);
    }
    gate_.close_if_edited(*due);
    if (due->step.empty()) {
        return wait(*due);
    }
    gate_.close_if_hindered(*due);
    perform(*due);
    return std::nullopt;
}

ExitCode Loop::end_of_finished() {
    const auto run = parts_.position.plan().run;
    int open = 0;
    static_cast<void>(with_errors_logged("the warnings of the run are not known",
                                         [&] { open = parts_.link.monitor().open_warnings(run); }));
    if (open == 0) {
        return ExitCode::Done;
    }
    parts_.view.note(fmt::format(
        "with {} warnings: see pgaf-upgrade status, then on the monitor: SELECT pgaf_upgrade_acknowledge({}, 'note')",
        open, run));
    return ExitCode::Warnings;
}

// What is due, by the monitor; nothing where it is away, and this node goes on alone.
std::optional<Due> Loop::ask() {
    Due due;
    const bool is_told = parts_.link.tell("what is done", [&] {
        auto &link = parts_.link;
        try {
            due = link.monitor().next_step(link.token());
        } catch (const PgError &error) {
            if (error.sqlstate() != code::kLeaseLost) {
                throw;
            }
            parts_.attachment.attach(true);
            due = link.monitor().next_step(link.token());
        }
    });
    return is_told ? std::optional(due) : std::nullopt;
}

void Loop::go_on_alone() {
    if (const auto step = parts_.position.switch_step(); !step.empty()) {
        perform_step(step);
    } else {
        parts_.link.deliver("the switch", [this] { parts_.attachment.attach(true); });
    }
}

Loop::End Loop::go_back(const Due &due) {
    if (rollback_.go_back(due)) {
        if (given_back_for_ && due.step == steps::kRollback) {
            throw HelperError(*given_back_for_);
        }
        return std::nullopt;
    }
    if (parts_.settings.once) {
        return ExitCode::Done;
    }
    parts_.view.waiting(due.wait.what);
    wait_for_change();
    return std::nullopt;
}

Loop::End Loop::wait(const Due &due) {
    parts_.view.waiting(due.wait.reason == WaitReason::Approval ? fmt::format("{}: SELECT pgaf_upgrade_approve({})",
                                                                              due.wait.what, parts_.position.plan().run)
                                                                : due.wait.what);
    if (due.wait.reason == WaitReason::FailedHere) {
        throw HelperError(ExitCode::StepFailed, due.wait.what,
                          "See pgaf-upgrade status; when its cause is mended: pgaf-upgrade run.");
    }
    if (parts_.settings.once && !performer_.has_background()) {
        return ExitCode::Done;
    }
    wait_for_change();
    return std::nullopt;
}

void Loop::perform(const Due &due) {
    const auto role = parts_.position.plan().node.role;
    const auto *definition = find_step(role, due.step);
    if (definition == nullptr) {
        throw HelperError(ExitCode::Internal,
                          fmt::format("the monitor has step {} for a {}", due.step, to_string(role)), kOtherVersion);
    }
    if (due.step == steps::kRebuild) {
        // what the primary has reported since this node attached; without a monitor it does without
        parts_.link.tell("the rebuild", [this] { parts_.attachment.attach(true); });
    }
    if (definition->background) {
        performer_.perform_in_background(due.step);
    } else {
        perform_step(due.step);
    }
}

void Loop::perform_step(std::string_view step) {
    bool is_given_back = false;
    bool serves = false;
    try {
        performer_.perform(step, [&](const HelperError &error) {
            with_errors_logged("it is not known whether the old cluster can be given back",
                               [&] { is_given_back = rollback_.gives_back(step); });
            serves = is_given_back && with_errors_logged("the old cluster does not serve yet",
                                                         [&] { rollback_.give_back(step, error); });
        });
    } catch (const HelperError &error) {
        if (!is_given_back) {
            throw;
        }
        const auto *const what = serves ? "The old cluster serves again. Fix the cause, then pgaf-upgrade run on this "
                                          "node prepares the run again, and it has to be approved again."
                                        : "The old cluster does not serve yet: pgaf-upgrade run on this node tries "
                                          "again.";
        given_back_for_.emplace(error.code(), error.what(), fmt::format("{} {}", what, error.hint()));
    }
    if (!is_given_back) {
        return;
    }
    if (!parts_.position.is_going_back()) {
        throw HelperError(*given_back_for_);  // the disk was full, and does not know: the operator has it go on
    }
    ask_to_follow();
}

// The other nodes go back, too. Not where another group of the run has begun its own switch.
void Loop::ask_to_follow() {
    try {
        rollback_.have_others_follow();
    } catch (const PgError &refused) {
        if (refused.sqlstate() != code::kNotInStateFor) {
            throw;
        }
        throw HelperError(
            given_back_for_->code(), given_back_for_->what(),
            fmt::format("{} Its standbys stay in maintenance: {}.", given_back_for_->hint(), refused.what()));
    }
}

// Returns when the run has changed, and at the latest after the time to poll.
void Loop::wait_for_change() {
    try {
        parts_.link.monitor().wait_for_notification(parts_.settings.poll);
    } catch (const PgError &) {
        parts_.link.monitor().disconnect();
    }
}

}  // namespace pgaf
