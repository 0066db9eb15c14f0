#include "runner/gate.hpp"

#include <array>
#include <optional>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "core/errors.hpp"
#include "postgres/connection.hpp"
#include "system/document.hpp"

namespace pgaf {

namespace {

// What is made anew when the gate is closed.
constexpr std::array kOfThePreparation{steps::kCheck, steps::kConfigure, steps::kDryRun};

// A note of the journal: the error by which the gate is being closed; empty when that has ended, or was refused.
constexpr const char *kCloses = "the gate closes";

}  // namespace

Gate::Gate(MonitorLink &link, const Position &position, Journal &journal, Workplace &workplace, StepProgress &progress,
           ProgressView &view)
    : link_(link), position_(position), journal_(journal), workplace_(workplace), progress_(progress), view_(view) {}

void Gate::close_if_edited(const Due &due) {
    if (!is_before_switch(due.run_state) || !journal_.is_done(steps::kCheck)) {
        return;
    }
    std::string found;
    link_.deliver("what was edited",
                  [&] { found = workplace_.edited_since_shown(position_.plan(), progress_.of(steps::kCheck)); });
    if (found.empty()) {
        return;
    }
    const HelperError error(ExitCode::CheckFailed, fmt::format("files_as_shown: {}", found),
                            "Look at it with pgaf-upgrade check --diff. Then pgaf-upgrade run shows it anew.");
    if (close(error)) {
        throw HelperError(error);
    }
}

void Gate::close_if_hindered(const Due &due) {
    const bool is_first = due.step == steps::kRelaxSync || due.step == steps::kEnterMaintenance;
    if (!is_first || journal_.was_begun(due.step)) {
        return;
    }
    std::string found;
    link_.deliver("what was found at the gate",
                  [&] { found = workplace_.found_at_gate(position_.plan(), progress_.of(due.step)); });
    if (found.empty()) {
        return;
    }
    const HelperError error(ExitCode::CheckFailed, found,
                            "Nothing of this node was changed. pgaf-upgrade check says what each means and what to do; "
                            "then pgaf-upgrade run goes on.");
    if (!close(error)) {  // another node is behind it
        link_.deliver(due.step, [&] { link_.begin(due.step); });
        link_.deliver(due.step, [&] { link_.monitor().fail_step(link_.token(), due.step, error); });
        view_.failed(due.step, error.what());
        spdlog::error("step {} is not begun: {}", due.step, error.what());
    }
    throw HelperError(error);
}

// False where another node has begun the switch. The journal and the monitor cannot be changed at once: the note says
// that they are about to be, so that whoever finds one of them changed changes the other.
bool Gate::close(const HelperError &error) {
    journal_.note(kCloses, nlohmann::json{{"error", as_utf8(error.what())}, {"hint", error.hint()}}.dump());
    try {
        link_.deliver(steps::kCheck, [&] { link_.monitor().fail_step(link_.token(), steps::kCheck, error); });
    } catch (const PgError &refused) {
        if (refused.sqlstate() != code::kStepNotDue) {
            throw;
        }
        journal_.note(kCloses, "");
        return false;
    }
    take_back_preparation(error);
    return true;
}

// The monitor no longer takes it for done.
void Gate::take_back_preparation(const HelperError &error) {
    for (const auto step : kOfThePreparation) {
        if (journal_.is_done(step)) {
            journal_.undone(step);
        }
    }
    journal_.failed(steps::kCheck, error.what());
    journal_.note(kCloses, "");
    view_.failed(steps::kCheck, error.what());
    spdlog::error("step check no longer holds: {}", error.what());
}

void Gate::finish_closing() {
    const auto about = journal_.noted(kCloses).value_or("");
    if (about.empty()) {
        return;
    }
    std::optional<HelperError> error;
    read_document(about, "a note of this node's journal", [&](const Document &note) {
        error.emplace(ExitCode::CheckFailed, note.text("error"), note.text("hint"));
    });
    if (position_.plan().state_of(steps::kCheck) != StepState::Done) {
        take_back_preparation(*error);  // the monitor was told
    } else {
        static_cast<void>(close(*error));
    }
}

}  // namespace pgaf
