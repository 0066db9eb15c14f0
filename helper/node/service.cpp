#include "node/service.hpp"

#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "system/error.hpp"
#include "system/files.hpp"
#include "system/owner.hpp"
#include "system/process.hpp"
#include "system/scope.hpp"

namespace pgaf {

namespace {

constexpr std::chrono::seconds kBegins{30};

// Drop-ins.
constexpr const char *kGuard = "pgaf-upgrade.conf";
constexpr const char *kProgram = "pgaf-upgrade-autoctl.conf";

}  // namespace

std::optional<pid_t> Service::running(const std::filesystem::path &pid_file) {
    pid_t pid = 0;
    std::ifstream(pid_file) >> pid;
    std::string name;
    std::getline(std::ifstream(fmt::format("/proc/{}/comm", pid)), name);
    // else the number is of a process before a crash, or already of something else
    return name == "pg_autoctl" ? std::optional(pid) : std::nullopt;
}

std::string Service::unit_of(const std::filesystem::path &pid_file) {
    const auto pid = running(pid_file);
    if (!pid) {
        return {};
    }
    std::ifstream file(fmt::format("/proc/{}/cgroup", *pid));
    for (std::string line; std::getline(file, line);) {
        const auto slash = line.rfind('/');
        if (slash != std::string::npos && line.ends_with(".service")) {
            return line.substr(slash + 1);
        }
    }
    return {};
}

bool Service::is_known() const {
    return is_by_hand() || (!unit_.empty() && run({.argv = {"systemctl", "cat", "--", unit_}}).exit_code == 0);
}

bool Service::is_active() const {
    if (is_by_hand()) {
        return running(node_.paths.pid).has_value();
    }
    return run({.argv = {"systemctl", "is-active", "--quiet", "--", unit_}}).exit_code == 0;
}

bool Service::has_ended() const {
    if (is_by_hand()) {
        return !is_active();
    }
    const auto state = run_checked({.argv = {"systemctl", "show", "--value", "-p", "ActiveState", "--", unit_}});
    return state.starts_with("inactive") || state.starts_with("failed");
}

// The pg_autoctl of the PostgreSQL that its configuration names; where one serves all majors, that one.
void Service::start_by_hand() const {
    auto program = program_.value_or(autoctl::read_config(node_.paths.config).pg_ctl.parent_path() / "pg_autoctl");
    if (::access(program.c_str(), X_OK) != 0) {
        program = "/usr/bin/pg_autoctl";
    }
    auto command = outliving(autoctl_arguments(node_, program, node_.log("pg_autoctl_run")), node_.owner);
    command.directory = node_.work_dir();
    run_checked(command);
    const auto deadline = std::chrono::steady_clock::now() + kBegins;
    while (!is_active()) {
        if (std::chrono::steady_clock::now() > deadline) {
            throw HelperError(ExitCode::StepFailed, "pg_autoctl does not start",
                              fmt::format("Its output is in {}.", node_.log("pg_autoctl_run").string()));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

void Service::wait_while_active(std::chrono::seconds limit) const {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (is_active() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void Service::start() const {
    if (is_by_hand()) {
        return start_by_hand();
    }
    run_checked({.argv = {"systemctl", "start", "--", unit_}});
}

void Service::begin_stop(std::chrono::seconds limit) const {
    if (is_by_hand()) {
        if (const auto pid = running(node_.paths.pid)) {
            ::kill(*pid, SIGTERM);
        }
        return;
    }
    run_checked({.argv = {"systemctl", "stop", "--no-block", "--", unit_}});
    wait_while_active(limit);
}

void Service::stop(std::chrono::seconds limit) const {
    if (!is_by_hand()) {
        run_checked({.argv = {"systemctl", "stop", "--", unit_}, .time_limit = limit});
        return;
    }
    begin_stop(limit);
    wait_while_active(limit);
    if (const auto pid = running(node_.paths.pid)) {
        throw HelperError(ExitCode::TimedOut,
                          fmt::format("pg_autoctl (process {}) did not end within {} s", *pid, limit.count()),
                          "See what it waits for in its log, and run pgaf-upgrade run again.");
    }
}

void Service::guard_by(const std::filesystem::path &flag) const {
    if (is_by_hand()) {
        return;
    }
    write_drop_in(kGuard,
                  fmt::format("# pgaf-upgrade: while this file exists, the data directory is between two clusters.\n"
                              "# pgaf-upgrade run goes on, pgaf-upgrade rollback goes back; either removes it.\n"
                              "[Unit]\nAssertPathExists=!{}\n"
                              "[Service]\nTimeoutStopSec=infinity\nKillMode=mixed\nSendSIGKILL=no\n",
                              flag.string()));
}

void Service::end_guard() const {
    if (!is_by_hand()) {
        remove_drop_in(kGuard);
    }
}

void Service::replace_program(const std::filesystem::path &name, const std::optional<std::filesystem::path> &by) {
    program_ = by;
    if (is_by_hand()) {
        return;
    }
    if (!by) {
        return remove_drop_in(kProgram);
    }
    write_drop_in(
        kProgram,
        fmt::format(
            "# pgaf-upgrade: {0} is of a later version than this node, which runs the one that was kept.\n"
            "# Remove this file when the earlier package is installed again; the next upgrade removes it, too.\n"
            "[Service]\nBindReadOnlyPaths=\"{1}\":\"{0}\"\n",
            name.string(), by->string()));
}

std::filesystem::path Service::drop_in(const std::string &name) const {
    return std::filesystem::path("/etc/systemd/system") / (unit_ + ".d") / name;
}

void Service::write_drop_in(const std::string &name, const std::string &text) const {
    const auto file = drop_in(name);
    if (std::filesystem::exists(file) && read_file(file) == text) {
        return;
    }
    const auto root = owner_of("/");
    make_directory(file.parent_path(), root, 0755);
    write_file(file, text, root, 0644);
    reload();
}

void Service::remove_drop_in(const std::string &name) const {
    const auto file = drop_in(name);
    if (!std::filesystem::remove(file)) {
        return;
    }
    std::error_code not_empty;
    std::filesystem::remove(file.parent_path(), not_empty);
    reload();
}

std::vector<std::filesystem::path> Service::files() const {
    if (is_by_hand()) {
        return {};
    }
    std::istringstream output(run_checked(
        {.argv = {"systemctl", "show", "--value", "-p", "FragmentPath", "-p", "DropInPaths", "--", unit_}}));
    std::vector<std::filesystem::path> paths;
    for (std::string path; output >> path;) {
        paths.emplace_back(path);
    }
    // a line for each: "/etc/default/pg_autoctl (ignore_errors=yes)"
    std::istringstream environment(
        run_checked({.argv = {"systemctl", "show", "--value", "-p", "EnvironmentFiles", "--", unit_}}));
    for (std::string line; std::getline(environment, line);) {
        const std::filesystem::path file = line.substr(0, line.rfind(" ("));
        if (std::filesystem::is_regular_file(file)) {
            paths.push_back(file);
        }
    }
    return paths;
}

bool Service::needs_reload() const {
    if (is_by_hand()) {
        return false;
    }
    const auto answer = run_checked({.argv = {"systemctl", "show", "--value", "-p", "NeedDaemonReload", "--", unit_}});
    return answer.starts_with("yes");
}

void Service::reload() {
    run_checked({.argv = {"systemctl", "daemon-reload"}});
}

std::vector<std::string> autoctl_arguments(const Node &node, const std::filesystem::path &program,
                                           const std::filesystem::path &log) {
    return {"sh",
            "-c",
            "exec setsid --fork \"$0\" run --pgdata \"$1\" >>\"$2\" 2>&1 </dev/null",
            program.string(),
            node.pgdata.string(),
            log.string()};
}

}  // namespace pgaf
