#include <algorithm>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "cluster/new_data.hpp"
#include "core/method.hpp"
#include "postgres/controldata.hpp"
#include "run/notes.hpp"
#include "runner/runner.hpp"
#include "system/fault.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

// A note of the journal: what was given up.
constexpr const char *kGivenUp = "given up";

std::string how_to_give_up(const Context &context) {
    return fmt::format(
        "To give that up, on the monitor: SELECT pgaf_upgrade_rollback({}, 'reason', discard_new_data => true); then "
        "pgaf-upgrade run on every node.",
        context.plan.run);
}

// On the primary it can be said how much it is.
void refuse_to_lose(const Context &context) {
    if (context.role() == Role::Primary && !takes_old_files(context.method()) && was_new_server_started(context)) {
        throw HelperError(ExitCode::Refused, fmt::format("this would lose {}", describe_new_data(context)),
                          how_to_give_up(context));
    }
}

}  // namespace

// From when this node has seen it, it does not go forward in this run any more: neither alone, nor when a
// monitor that has gone back to its old cluster knows of no rollback.
bool Runner::is_going_back() const {
    return journal_.noted(notes::kRollback).has_value();
}

// Every step behind the gate, the last first. Each undo() can be repeated, so that after a crash the whole
// is simply begun again. Returns the names.
nlohmann::json Runner::undo_steps() {
    const auto with = context(monitor_, std::string(steps::kRollback));
    auto steps = steps_of(with.role());
    std::ranges::reverse(steps);
    auto undone = nlohmann::json::array();
    for (const auto *definition : steps) {
        const std::string name(definition->name);
        if (definition->phase == Phase::Prepare || !journal_.was_begun(name)) {
            continue;
        }
        spdlog::info("undoing {}", name);
        fault_point(steps::kRollback, name);
        for (int attempt = 1;; ++attempt) {
            try {
                step_by_name(name).undo(with);
                break;
            } catch (const PgError &error) {
                if (!error.is_transient() || attempt >= kStepAttempts || stop_was_asked()) {
                    throw;
                }
                monitor_.disconnect();
                std::this_thread::sleep_for(kReconnect);
            }
        }
        journal_.undone(name);
        undone.push_back(name);
        view_.note(fmt::format("undone: {}", name));
    }
    return undone;
}

// A monitor that has gone back to its old cluster is told again what was asked for.
void Runner::roll_back(const std::string &reason) {
    view_.note("the run is rolled back: this node undoes its part");
    nlohmann::json result{{"undone", undo_steps()}};
    if (const auto given_up = journal_.noted(kGivenUp)) {
        result["discarded"] = *given_up;
    }
    deliver(monitor_, "the rollback", [&] {
        static_cast<void>(monitor_.attach(token_, false, true));
        monitor_.request_rollback(token_, reason, journal_.noted(notes::kRollback) == notes::kDiscards, false);
        monitor_.finish_rollback(token_, result);
    });
}

// Returns false when it is not yet this node's turn.
bool Runner::go_back(const Due &due) {
    const std::string reason = "goes on as its nodes have begun it";
    if (!is_going_back()) {
        attach(true);
        journal_.note(notes::kRollback, plan().discards_new_data ? notes::kDiscards : notes::kKeeps);
    }
    if (due.run_state != RunState::RollingBack) {
        // new data is given up by the monitor's helper, or by the operator again
        return monitor_.request_rollback(token_, reason, journal_.noted(notes::kRollback) == notes::kDiscards, false) ==
               RunState::RollingBack;
    }
    const auto with = context(monitor_, std::string(steps::kRollback));
    if (journal_.noted(notes::kRollback) == notes::kDiscards && with.is_swapped() && !journal_.noted(kGivenUp)) {
        end_new_server(with);
        journal_.note(kGivenUp, describe_new_data(with));
    }
    background_ = {};  // a step that still runs there ends first
    if (due.step == steps::kRollback) {
        roll_back(reason);
        return true;
    }
    return false;
}

// While the monitor's own server is down, or has not yet served at its new version, its rollback needs
// nobody: the run itself stays, and pgaf-upgrade run tries again.
bool Runner::roll_back_monitor() {
    if (!recall() || is_going_back() || node_.nodeid != 0 || !journal_.was_begun(steps::kStop) ||
        journal_.is_done(steps::kStart)) {
        return false;
    }
    static_cast<void>(undo_steps());
    return true;
}

ExitCode Runner::request_rollback(const std::string &reason, bool discard_new_data) {
    const bool has_plan = recall();
    if (roll_back_monitor()) {
        view_.note("the monitor serves from its old cluster again; pgaf-upgrade run tries its upgrade again");
        return ExitCode::Done;
    }
    bool attached = false;
    deliver(monitor_, "the rollback", [&] { attached = attach(false); });
    if (!has_plan && !attached) {
        view_.note("nothing to roll back: no upgrade is under way");
        return ExitCode::Done;
    }
    const auto with = context(monitor_, std::string(steps::kRollback));
    // also of a run that is finished, as long as the old cluster is there
    if (!attached && (!with.is_swapped() || major_of(with.old_dir()) != with.source())) {
        view_.note("nothing to roll back: no upgrade is under way");
        return ExitCode::Done;
    }
    const bool is_interrupted_start =
        with.role() == Role::Primary && journal_.was_begun(steps::kStart) && !was_new_server_started(with);
    if (!discard_new_data && !plan().discards_new_data) {
        refuse_to_lose(with);
    }
    auto state = RunState::RollingBack;
    deliver(monitor_, "the rollback",
            [&] { state = monitor_.request_rollback(token_, reason, discard_new_data, is_interrupted_start); });
    if (state == RunState::Aborted) {
        view_.note(fmt::format("run {} is aborted: nothing that serves was changed", plan().run));
        return ExitCode::Done;
    }
    if (state != RunState::RollingBack) {
        throw HelperError(ExitCode::Refused, "only the operator may give up what was written to the new cluster",
                          how_to_give_up(with));
    }
    const auto code = run();
    return code == ExitCode::Refused ? ExitCode::Done : code;  // aborted is what was asked for
}

}  // namespace pgaf
