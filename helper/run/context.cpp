#include "run/context.hpp"

#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/monitor_states.hpp"
#include "postgres/connection.hpp"
#include "postgres/controldata.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr std::chrono::seconds kServerIsOnItsWay{120};

// What pg_auto_failover answers while a keeper has not yet reported the state that it was given.
constexpr std::string_view kNotInPrerequisiteState = "55000";

}  // namespace

int Context::source() const {
    return plan.source_version ? *plan.source_version : Installation::from(journal).source;
}

// A monitor's database is small: by copy, its old cluster stays as it was.
std::string Context::method() const {
    return role() == Role::Monitor ? "copy" : plan.method;
}

std::string Context::standby_method() const {
    return plan.node.is_kept ? "basebackup" : plan.standby_method;
}

fs::path Context::old_dir() const {
    return node.beside(fmt::format("_pg{}", source()));
}

fs::path Context::new_dir() const {
    return node.beside(fmt::format("_pg{}", target()));
}

bool Context::is_swapped() const {
    return major_of(node.data_dir) == target();
}

Connection Context::local_server(const std::string &dbname) const {
    std::optional<Connection> server;
    std::string last;
    const auto deadline = std::chrono::steady_clock::now() + kServerIsOnItsWay;
    while (!server) {
        try {
            server.emplace(node.connect_locally(dbname));
        } catch (const HelperError &error) {
            if (std::chrono::steady_clock::now() > deadline) {
                throw HelperError(ExitCode::StepFailed, error.what(),
                                  "Look why the node's server does not run, and run pgaf-upgrade run again.");
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
    }
    return std::move(*server);
}

std::int64_t Context::current_primary() const {
    for (const auto &other : plan.group) {
        const auto goal = monitor.report_of(other.id).goal_state;
        if (is_writable_state(goal) || is_writable_in_passing(goal)) {
            return other.id;
        }
    }
    return plan.group_primary().id;
}

void Context::require_same_primary() const {
    const auto &primary = plan.group_primary();
    if (current_primary() != primary.id) {
        const auto &name = primary.name;
        throw HelperError(ExitCode::Refused,
                          fmt::format("pg_auto_failover has replaced {} as the primary: {}", name, describe_group()),
                          fmt::format("Abort the run with SELECT pgaf_upgrade_abort({}, 'reason') on the monitor and "
                                      "start another; or make {} the primary again with pg_autoctl perform switchover, "
                                      "then pgaf-upgrade run.",
                                      plan.run, name));
    }
}

std::vector<std::string> Context::server_arguments() const {
    auto server = local_server();  // which waits for it
    const auto address = node.running_server();
    if (!address) {
        throw HelperError(ExitCode::StepFailed, fmt::format("no server runs in \"{}\"", node.pgdata.string()));
    }
    return {"-h", address->first, "-p", std::to_string(address->second), "-U", bootstrap_superuser(server)};
}

std::chrono::seconds Context::limit(std::chrono::seconds usual) const {
    const std::chrono::duration<double> wanted = usual * node.options.limit_factor;
    return std::chrono::ceil<std::chrono::seconds>(wanted);
}

std::string Context::describe_group() const {
    std::string text;
    try {
        for (const auto &other : plan.group) {
            if (other.role == Role::Monitor) {
                continue;
            }
            const auto report = monitor.report_of(other.id);
            text += fmt::format("{}{} is {} and shall be {}, {}, reported {:.0f} s ago", text.empty() ? "" : "; ",
                                other.name, report.reported_state, report.goal_state,
                                report.health == 1 ? "healthy" : "not healthy", report.report_age_s);
        }
    } catch (const HelperError &) {
        return {};
    }
    return text;
}

void Context::wait_until(const std::string &what, std::chrono::seconds usual_limit,
                         const std::function<bool()> &condition) const {
    const auto allowed = limit(usual_limit);
    const auto deadline = std::chrono::steady_clock::now() + allowed;
    std::string last = what;
    while (true) {
        try {
            if (condition()) {
                return;
            }
            last = what;
        } catch (const PgError &error) {
            if (!error.is_transient() && error.sqlstate() != kNotInPrerequisiteState) {
                throw;
            }
            last = fmt::format("{} ({})", what, error.what());
        }
        if (std::chrono::steady_clock::now() > deadline) {
            const auto group = describe_group();
            throw HelperError(
                ExitCode::TimedOut,
                fmt::format("waited {} s for {}{}{}", allowed.count(), last, group.empty() ? "" : ": ", group),
                fmt::format("See pg_autoctl show state, and journalctl -u {} on a node that does not get "
                            "there; then run pgaf-upgrade run again.",
                            Installation::from(journal).unit));
        }
        if (say) {
            say("waiting for " + last);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
}

Found Found::done(const nlohmann::json &result) {
    return {Progress::Done, std::make_shared<const nlohmann::json>(result)};
}

}  // namespace pgaf
