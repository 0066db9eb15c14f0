#include "runner/rollback.hpp"

#include <algorithm>
#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "core/method.hpp"
#include "postgres/connection.hpp"
#include "run/notes.hpp"
#include "system/document.hpp"
#include "system/error.hpp"
#include "system/fault.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

// A note of the journal: what was given up.
constexpr const char *kGivenUp = "given up";

constexpr const char *kGoesOn = "goes on as its nodes have begun it";

std::string how_to_give_up(const Assignment &plan) {
    return fmt::format(
        "To give that up, on the monitor: SELECT pgaf_upgrade_rollback({}, 'reason', discard_new_data => true); then "
        "pgaf-upgrade run on every node.",
        plan.run);
}

}  // namespace

void Rollback::undo(const std::string &step) {
    for (int attempt = 1;; ++attempt) {
        try {
            with_errors_told(fmt::format("undoing {}", step), [&] {
                parts_.workplace.undo(parts_.position.plan(), step, parts_.progress.of(steps::kRollback));
            });
            return;
        } catch (const PgError &error) {
            if (!error.is_transient() || attempt >= parts_.settings.attempts || stop_was_asked()) {
                throw;
            }
            parts_.link.monitor().disconnect();
            std::this_thread::sleep_for(parts_.settings.reconnect);
        }
    }
}

// The journal says before the disk changes that a step is no longer done: pgaf-upgrade run may go forward again where
// the monitor alone has gone back.
void Rollback::undo_steps(std::string_view last) {
    // that applications wait is worse than a journal without room
    const auto write = [&](const std::function<void()> &line) {
        if (last.empty()) {
            line();
        } else {
            with_errors_logged("the journal does not have it", line);
        }
    };
    auto steps = steps_of(parts_.position.plan().node.role);
    std::ranges::reverse(steps);
    for (const auto *definition : steps) {
        const std::string name(definition->name);
        if (name == last) {
            return;
        }
        if (definition->phase == Phase::Prepare || !parts_.journal.was_begun(name)) {
            continue;
        }
        spdlog::info("undoing {}", name);
        fault_point(steps::kRollback, name);
        write([&] { parts_.journal.undoing(name); });
        undo(name);
        write([&] { parts_.journal.undone(name); });
        parts_.view.note(fmt::format("undone: {}", name));
    }
}

// A monitor that has gone back to its old cluster is told again what was asked for.
void Rollback::undo_and_report(const std::string &reason) {
    parts_.view.note("the run is rolled back: this node undoes its part");
    undo_steps();
    nlohmann::json result{{"undone", nlohmann::json::array()}};
    for (const auto &step : parts_.journal.undone_steps()) {  // by an earlier helper, too
        if (find_step(parts_.position.plan().node.role, step)->phase != Phase::Prepare) {
            result["undone"].push_back(step);
        }
    }
    if (const auto given_up = parts_.journal.noted(kGivenUp)) {
        result["discarded"] = *given_up;
    }
    auto &link = parts_.link;
    link.deliver("the rollback", [&] {
        const auto attached = link.monitor().attach(link.token(), false, true);
        if (attached && attached->plan.attempt != parts_.position.plan().attempt) {
            return;  // it has been told, and was the last to go back
        }
        link.monitor().request_rollback(link.token(), reason,
                                        parts_.journal.noted(notes::kRollback) == notes::kDiscards, false, false);
        link.monitor().finish_rollback(link.token(), result);
    });
}

// Before anything is undone, and once: what is told of it is what there was when nobody could write any more.
void Rollback::give_up_new_data() {
    auto &journal = parts_.journal;
    const auto &plan = parts_.position.plan();
    if (journal.noted(notes::kRollback) == notes::kDiscards && parts_.workplace.is_swapped(plan) &&
        !journal.noted(kGivenUp)) {
        parts_.workplace.end_new_server(plan);
        journal.note(kGivenUp, parts_.workplace.describe_new_data(plan));
    }
}

void Rollback::go_on_alone() {
    if (parts_.position.has_begun_to_go_back() && parts_.settings.nodeid == 0) {
        give_up_new_data();
        undo_steps();
    }
}

bool Rollback::go_back(const Due &due) {
    auto &journal = parts_.journal;
    if (!parts_.position.has_begun_to_go_back()) {
        parts_.attachment.attach(true);
        journal.note(notes::kRollback, parts_.position.plan().discards_new_data ? notes::kDiscards : notes::kKeeps);
    }
    const bool discards = journal.noted(notes::kRollback) == notes::kDiscards;
    if (due.run_state != RunState::RollingBack) {
        // new data is given up by the monitor's helper, or by the operator again
        return parts_.link.monitor().request_rollback(parts_.link.token(), kGoesOn, discards, false, false) ==
               RunState::RollingBack;
    }
    give_up_new_data();
    performer_.join_background();  // a step that still runs there ends first
    if (due.step == steps::kRollback) {
        undo_and_report(kGoesOn);
        return true;
    }
    return false;
}

// While the monitor's own server is down, or has not yet served at its new version, its rollback needs
// nobody: the run itself stays, and pgaf-upgrade run tries again.
bool Rollback::take_monitor_back() {
    const auto &journal = parts_.journal;
    if (!parts_.position.has_plan() || parts_.position.is_going_back() || parts_.settings.nodeid != 0 ||
        !journal.was_begun(steps::kStop) || journal.is_done(steps::kStart)) {
        return false;
    }
    undo_steps();
    return true;
}

// On the primary it can be said how much it is.
void Rollback::refuse_to_lose(const Assignment &plan) {
    if (plan.node.role == Role::Primary && !takes_old_files(plan.method) &&
        parts_.workplace.was_new_server_started(plan)) {
        throw HelperError(ExitCode::Refused,
                          fmt::format("this would lose {}", parts_.workplace.describe_new_data(plan)),
                          how_to_give_up(plan));
    }
}

std::optional<ExitCode> Rollback::request(const std::string &reason, bool discard_new_data) {
    auto &link = parts_.link;
    const bool has_plan = parts_.position.recall();
    if (has_plan) {
        go_on_alone();
    }
    if (take_monitor_back()) {
        parts_.view.note("the monitor serves from its old cluster again; pgaf-upgrade run tries its upgrade again");
        return ExitCode::Done;
    }
    bool attached = false;
    link.deliver("the rollback", [&] { attached = parts_.attachment.attach(false); });
    // also of a run that is finished, as long as the old cluster is there
    if (!attached && (!has_plan || !parts_.workplace.has_old_cluster_aside(parts_.position.plan()))) {
        parts_.view.note("nothing to roll back: no upgrade is under way");
        return ExitCode::Done;
    }
    const auto &plan = parts_.position.plan();
    const bool is_interrupted_start = plan.node.role == Role::Primary && parts_.journal.was_begun(steps::kStart) &&
                                      !parts_.workplace.was_new_server_started(plan);
    if (!discard_new_data && !plan.discards_new_data) {
        refuse_to_lose(plan);
    }
    const Wish wish{reason, discard_new_data, is_interrupted_start, false};
    note(wish);
    const auto state = ask(wish);
    if (state == RunState::Aborted) {
        parts_.view.note(fmt::format("run {} is aborted: nothing that serves was changed", plan.run));
        return ExitCode::Done;
    }
    if (state != RunState::RollingBack) {
        throw HelperError(ExitCode::Refused, "only the operator may give up what was written to the new cluster",
                          how_to_give_up(plan));
    }
    return std::nullopt;
}

// The note is there before the monitor hears of it: a primary that is cut off from a monitor which has agreed, and then
// killed, must not go on forward by its journal.
RunState Rollback::ask(const Wish &wish) {
    auto &link = parts_.link;
    auto state = RunState::RollingBack;
    try {
        link.deliver("the rollback", [&] {
            state = link.monitor().request_rollback(link.token(), wish.reason, wish.discard_new_data,
                                                    wish.is_interrupted_start, wish.gives_back);
        });
    } catch (const PgError &error) {
        if (!error.is_transient()) {
            parts_.journal.note(notes::kRollbackAsked, "");  // refused
        }
        throw;
    }
    if (state != RunState::RollingBack) {
        parts_.journal.note(notes::kRollbackAsked, "");  // aborted; or left to the operator
    }
    return state;
}

std::optional<Rollback::Wish> Rollback::open_wish() const {
    const auto about = parts_.journal.noted(notes::kRollbackAsked).value_or("");
    if (about.empty() || parts_.position.has_begun_to_go_back()) {
        return std::nullopt;
    }
    Wish wish;
    read_document(about, "a note of this node's journal", [&](const Document &note) {
        wish = {note.text("reason"), note.boolean("discard_new_data"), note.boolean("is_interrupted_start"),
                note.boolean("gives_back")};
    });
    return wish;
}

void Rollback::attach_and_ask(const Wish &wish) {
    parts_.link.deliver("the rollback", [&] { parts_.attachment.attach(true); });
    if (parts_.position.is_going_back()) {  // in this attempt, still
        static_cast<void>(ask(wish));
    }
}

void Rollback::ask_again() {
    const auto wish = open_wish();
    if (!wish) {
        return;
    }
    if (wish->gives_back) {
        serve_old_cluster();
    }
    attach_and_ask(*wish);
}

void Rollback::have_others_follow() {
    if (const auto wish = open_wish()) {
        attach_and_ask(*wish);
    }
}

void Rollback::note(const Wish &wish) {
    parts_.journal.note(notes::kRollbackAsked, nlohmann::json{{"reason", as_utf8(wish.reason)},
                                                              {"discard_new_data", wish.discard_new_data},
                                                              {"is_interrupted_start", wish.is_interrupted_start},
                                                              {"gives_back", wish.gives_back}}
                                                   .dump());
}

bool Rollback::gives_back(std::string_view step) {
    const auto &plan = parts_.position.plan();
    const auto *definition = find_step(plan.node.role, step);
    return plan.on_failure == kGiveBack && plan.node.role == Role::Primary && definition != nullptr &&
           definition->phase == Phase::Switch && parts_.journal.was_begun(steps::kStop) &&
           !parts_.position.is_going_back() && !stop_was_asked() &&
           !(parts_.journal.was_begun(steps::kStart) && parts_.workplace.was_new_server_started(plan));
}

// The note is there first: from then on no helper of this node goes forward in this attempt. On a full disk it cannot
// be.
void Rollback::give_back(std::string_view step, const HelperError &error) {
    with_errors_logged("could not write down that the old cluster is given back", [&] {
        note({.reason = fmt::format("{} on {}: {}", step, parts_.position.plan().node.name, error.what()),
              .discard_new_data = false,
              .is_interrupted_start = true,
              .gives_back = true});
    });
    serve_old_cluster();
}

void Rollback::serve_old_cluster() {
    const auto &plan = parts_.position.plan();
    // what is left of the new cluster may be in somebody's hands: the rollback that follows says so, if it still is
    with_errors_logged("not all was undone yet", [this] { undo_steps(steps::kStop); });
    parts_.workplace.serve_old_cluster(plan, parts_.progress.of(steps::kRollback));
    parts_.view.note(
        fmt::format("the old cluster accepts writes again at PostgreSQL {}", plan.source_version.value_or(0)));
}

}  // namespace pgaf
