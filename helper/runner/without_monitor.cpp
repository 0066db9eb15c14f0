#include "runner/without_monitor.hpp"

#include <array>
#include <span>

#include <fmt/format.h>

namespace pgaf {

namespace {

// Behind the switch, what needs no monitor.
constexpr std::array<std::string_view, 1> kOfPrimary{steps::kReconfigure};
constexpr std::array<std::string_view, 3> kOfSecondary{steps::kStop, steps::kRebuild, steps::kReconfigure};
// The primary's once all is served.
constexpr std::array<std::string_view, 2> kOfBestEffort{steps::kStatistics, steps::kUpdateExtensions};

constexpr const char *kReplaceIt =
    "pg_auto_failover's manual tells how to replace a monitor online: pg_autoctl disable monitor --force on every "
    "node, pg_autoctl create monitor on a new host, pg_autoctl enable monitor on every node, the primary first.";

}  // namespace

// One that knows of the run is not lost: left behind, it would go on giving orders.
void WithoutMonitor::require_lost_monitor() {
    try {
        parts_.link.monitor().require();
    } catch (const HelperError &) {
        return;  // away, or a new one that has no pgaf_upgrade yet
    }
    if (parts_.link.monitor().newest_run() == parts_.position.plan().run) {
        throw HelperError(ExitCode::Refused, "the monitor answers, and knows of this run",
                          "Go on with it: pgaf-upgrade run.");
    }
}

void WithoutMonitor::require_that_it_is_so() {
    if (!parts_.position.recall()) {
        throw HelperError(ExitCode::Refused, "this node has taken part in no upgrade", kReplaceIt);
    }
    const auto &plan = parts_.position.plan();
    if (plan.node.role == Role::Monitor) {
        throw HelperError(ExitCode::Refused, "this is the monitor",
                          "It is on the data nodes that a lost monitor can be done without.");
    }
    if (parts_.position.is_going_back()) {
        throw HelperError(ExitCode::Refused, "the run is rolled back, and a rollback needs the monitor", kReplaceIt);
    }
    require_lost_monitor();
    if (plan.node.role == Role::Primary && !parts_.journal.was_begun(steps::kStop)) {
        const auto source = plan.source_version ? fmt::format(" {}", *plan.source_version) : "";
        throw HelperError(
            ExitCode::Refused,
            fmt::format("the switch has not begun: PostgreSQL{} serves, and nothing of it was changed", source),
            fmt::format("{} Then start another run.", kReplaceIt));
    }
}

void WithoutMonitor::perform(std::string_view step) {
    performer_.keep_server_up();
    performer_.perform(step);
}

void WithoutMonitor::perform_all(const Assignment &plan) {
    const bool is_primary = plan.node.role == Role::Primary;
    if (is_primary) {
        for (auto step = parts_.position.switch_step(); !step.empty(); step = parts_.position.switch_step()) {
            perform(step);
        }
    } else {
        parts_.workplace.wait_for_primary(plan, parts_.progress.of(steps::kRejoin));
    }
    for (const auto step : is_primary ? std::span<const std::string_view>(kOfPrimary) : kOfSecondary) {
        if (!parts_.journal.is_done(step)) {
            perform(step);
        }
    }
    performer_.keep_server_up();
}

ExitCode WithoutMonitor::run() {
    require_that_it_is_so();
    const auto &plan = parts_.position.plan();
    const bool is_primary = plan.node.role == Role::Primary;
    const auto say = parts_.progress.of(steps::kRejoin);
    parts_.link.go_alone();
    parts_.progress.begin(plan);
    perform_all(plan);
    if (is_primary) {
        parts_.workplace.wait_for_standbys(plan, say);
    }
    if (parts_.workplace.leave_monitor(plan)) {
        parts_.view.note("the monitor is taken out of pg_autoctl's configuration");
    }
    parts_.workplace.serve_without_monitor(plan, say);
    for (const auto step : kOfBestEffort) {
        if (is_primary && !parts_.journal.is_done(step)) {
            performer_.perform(step);
        }
    }
    parts_.view.note(fmt::format("this node serves at PostgreSQL {} without a monitor; {}, on this node:\n  {}",
                                 plan.target_version,
                                 is_primary ? "when there is a new one, before any other node"
                                            : "when there is a new one, and the primary has it",
                                 parts_.workplace.commands_to_get_monitor(plan)));
    return ExitCode::Done;
}

}  // namespace pgaf
