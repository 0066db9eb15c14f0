#include "runner/fake_workplace.hpp"

#include <algorithm>

#include "system/error.hpp"

namespace pgaf {

template <typename Call>
auto FakeMonitor::call(const std::string &name, const Call &call) {
    const std::lock_guard lock(world_.mutex);
    if (world_.is_server_of_monitor_down() || world_.is_monitor_away()) {
        throw PgError(ExitCode::NoMonitor, "the fake monitor is away", "", "");
    }
    world_.moment("before " + name);
    struct After {
        World &world;
        std::string where;
        ~After() { world.moment(where); }
    };
    const After after{world_, "after " + name};
    if (world_.is_answer_lost()) {
        static_cast<void>(call());
        throw PgError(ExitCode::NoMonitor, "the fake monitor's answer is lost", "", "");
    }
    return call();
}

std::optional<Attached> FakeMonitor::attach(const std::string &token, bool retry_failed, bool resumed) {
    return call(resumed ? "attach, resumed" : "attach",
                [&] { return world_.run.attach(world_.nodeid(), token, retry_failed, resumed); });
}

Due FakeMonitor::next_step(const std::string &token) {
    return call("next_step", [&] { return world_.run.next_step(token); });
}

void FakeMonitor::begin_step(const std::string &token, std::string_view step) {
    call("begin " + std::string(step), [&] {
        world_.run.begin_step(token, step);
        return 0;
    });
}

void FakeMonitor::heartbeat(const std::string & /*token*/, std::string_view /*step*/,
                            const std::string & /*progress*/) {
    world_.when_heartbeat();
    call("heartbeat", [] { return 0; });
}

void FakeMonitor::finish_step(const std::string &token, std::string_view step, const nlohmann::json &result) {
    call("finish " + std::string(step), [&] {
        world_.run.finish_step(token, step, result);
        return 0;
    });
}

void FakeMonitor::fail_step(const std::string &token, std::string_view step, const HelperError &error) {
    call("fail " + std::string(step), [&] {
        world_.run.fail_step(token, step, error.what());
        return 0;
    });
}

void FakeMonitor::report_software(const std::string & /*token*/, const nlohmann::json & /*software*/) {
    call("report_software", [] { return 0; });
}

void FakeMonitor::sync_journal(const std::string &token, const nlohmann::json &entries) {
    call("sync_journal", [&] {
        world_.run.sync_journal(token, entries);
        return 0;
    });
}

RunState FakeMonitor::request_rollback(const std::string &token, const std::string & /*reason*/, bool discard_new_data,
                                       bool not_started, bool gives_back) {
    return call("request_rollback",
                [&] { return world_.run.request_rollback(token, discard_new_data, not_started, gives_back); });
}

void FakeMonitor::finish_rollback(const std::string &token, const nlohmann::json &result) {
    call("finish_rollback", [&] {
        world_.run.finish_rollback(token, result);
        return 0;
    });
}

void FakeMonitor::require() {
    call("require", [] { return 0; });
}

std::optional<std::int64_t> FakeMonitor::newest_run() {
    return call("newest_run", [] { return std::optional<std::int64_t>(1); });
}

int FakeMonitor::open_warnings(std::int64_t /*run*/) {
    return call("open_warnings", [&] {
        int open = 0;
        for (const auto &[step, result] : world_.run.results) {
            open += static_cast<int>(result.value("warnings", nlohmann::json::array()).size());
        }
        return open;
    });
}

void FakeMonitor::wait_for_notification(std::chrono::milliseconds /*limit*/) {
    world_.let_others_work();
    world_.when_waiting(world_);
}

// Behind the gate nothing is performed on what was not prepared, or is no longer as it was shown; and nothing is
// performed that a later step has been built on.
void FakeWorkplace::require_order(const Assignment &plan, std::string_view step) {
    const auto steps = steps_of(plan.node.role);
    const auto own = std::ranges::find(steps, step, &StepDefinition::name);
    if ((*own)->phase == Phase::Prepare) {
        return;
    }
    if (world_.disk.is_edited || world_.disk.is_hindered) {
        world_.violations.push_back(std::string(step) + " is performed although the gate should be closed");
    }
    for (auto other = steps.begin(); other != steps.end(); ++other) {
        if ((*other)->phase == Phase::Prepare && !world_.journal().is_done((*other)->name)) {
            throw HelperError(ExitCode::StepFailed,
                              "the journal does not have the result of " + std::string((*other)->name));
        }
        // where the monitor is lost for good, the node does not rejoin it
        const bool may_come_without = (*own)->worth == Worth::BestEffort && (*other)->phase == Phase::Restore;
        if (other < own && (*other)->phase != Phase::Prepare && !(*other)->background && !may_come_without &&
            !world_.disk.done.contains(std::string((*other)->name))) {
            world_.violations.push_back(std::string(step) + " is performed without " + std::string((*other)->name));
        }
        if (other > own && !(*own)->background && !(*other)->background &&
            world_.disk.done.contains(std::string((*other)->name))) {
            world_.violations.push_back(std::string(step) + " is performed after " + std::string((*other)->name));
        }
    }
}

nlohmann::json FakeWorkplace::carry_out(const Assignment &plan, std::string_view name, const Say &say) {
    const std::string step(name);
    world_.moment("before the work of " + step);
    world_.when_performing(world_, step);
    say("at work");
    const nlohmann::json result{{"of", step}};
    auto &disk = world_.disk;
    {
        const std::lock_guard lock(world_.mutex);
        // a monitor's service that serves is not found stopped, whatever has become of it since
        if (disk.done.contains(step) && (step != "stop" || disk.is_between_clusters)) {
            return result;
        }
        require_order(plan, step);
        if (step == "stop") {
            disk.is_between_clusters = true;
            world_.moment("the flag is there");
        }
    }
    world_.work(step);
    const std::lock_guard lock(world_.mutex);
    if (step == "check") {
        disk.is_edited = false;  // it is shown anew
        disk.is_hindered = false;
    }
    if (find_step(plan.node.role, step)->phase != Phase::Prepare) {
        disk.done.insert(step);
    }
    if (step == "rejoin" || (step == "start" && plan.node.role == Role::Monitor)) {
        disk.is_between_clusters = false;
    }
    disk.performed.push_back(step);
    world_.moment("after the work of " + step);
    return result;
}

void FakeWorkplace::undo(const Assignment & /*plan*/, std::string_view name, const Say & /*say*/) {
    const std::string step(name);
    world_.moment("before the undoing of " + step);
    world_.when_undoing(world_, step);
    world_.work("undo " + step);
    const std::lock_guard lock(world_.mutex);
    world_.disk.done.erase(step);
    if (step == "stop") {
        world_.disk.is_between_clusters = false;
    }
    world_.moment("after the undoing of " + step);
}

nlohmann::json FakeWorkplace::software(const Assignment & /*plan*/) {
    return {{"PostgreSQL 17", "17.6"}};
}

std::string FakeWorkplace::edited_since_shown(const Assignment & /*plan*/, const Say & /*say*/) {
    return world_.disk.is_edited ? "\"postgresql.conf\" was edited" : "";
}

std::string FakeWorkplace::found_at_gate(const Assignment & /*plan*/, const Say & /*say*/) {
    return world_.disk.is_hindered ? "prepared_transactions: one" : "";
}

bool FakeWorkplace::is_swapped(const Assignment & /*plan*/) {
    return world_.disk.done.contains("swap") || world_.disk.done.contains("rebuild");
}

bool FakeWorkplace::was_new_server_started(const Assignment & /*plan*/) {
    world_.when_asked_for_start();
    return world_.disk.done.contains("start");
}

std::string FakeWorkplace::describe_new_data(const Assignment & /*plan*/) {
    return "what was written since";
}

void FakeWorkplace::end_new_server(const Assignment & /*plan*/) {
    world_.moment("before the end of the new server");
    world_.disk.is_new_server_ended = true;
    world_.moment("after the end of the new server");
}

void FakeWorkplace::serve_old_cluster(const Assignment & /*plan*/, const Say & /*say*/) {
    world_.moment("before the old cluster serves");
    world_.when_old_serves(world_);
    const std::lock_guard lock(world_.mutex);
    for (const auto *const step : {"pg_upgrade", "carry", "swap", "start"}) {
        if (world_.disk.done.contains(step)) {
            world_.violations.push_back(std::string("the old cluster is to serve, and has not undone ") + step);
        }
    }
    world_.disk.is_old_served = true;
    world_.moment("after the old cluster serves");
}

}  // namespace pgaf
