#include "service.hpp"

#include <fstream>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "error.hpp"
#include "files.hpp"
#include "owner.hpp"
#include "process.hpp"

namespace pgaf {

std::string Service::unit_of(const std::filesystem::path &pid_file) {
    long pid = 0;
    std::ifstream(pid_file) >> pid;
    std::string name;
    std::getline(std::ifstream(fmt::format("/proc/{}/comm", pid)), name);
    if (name != "pg_autoctl") {
        return {};  // the number is of a process before a crash, or already of something else
    }
    std::ifstream file(fmt::format("/proc/{}/cgroup", pid));
    for (std::string line; pid > 0 && std::getline(file, line);) {
        const auto slash = line.rfind('/');
        if (slash != std::string::npos && line.ends_with(".service")) {
            return line.substr(slash + 1);
        }
    }
    return {};
}

bool Service::is_known() const {
    return !unit_.empty() && run({.argv = {"systemctl", "cat", "--", unit_}}).exit_code == 0;
}

bool Service::is_active() const {
    return run({.argv = {"systemctl", "is-active", "--quiet", "--", unit_}}).exit_code == 0;
}

bool Service::has_ended() const {
    const auto state = run_checked({.argv = {"systemctl", "show", "--value", "-p", "ActiveState", "--", unit_}});
    return state.starts_with("inactive") || state.starts_with("failed");
}

void Service::start() const {
    run_checked({.argv = {"systemctl", "start", "--", unit_}});
}

void Service::begin_stop(std::chrono::seconds limit) const {
    run_checked({.argv = {"systemctl", "stop", "--no-block", "--", unit_}});
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (is_active() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void Service::stop(std::chrono::seconds limit) const {
    run_checked({.argv = {"systemctl", "stop", "--", unit_}, .time_limit = limit});
}

void Service::guard_by(const std::filesystem::path &flag) const {
    const auto file = guard_file();
    const auto text = fmt::format(
        "# pgaf-upgrade: while this file exists, the data directory is between two clusters.\n"
        "# pgaf-upgrade run goes on, pgaf-upgrade rollback goes back; either removes it.\n"
        "[Unit]\nAssertPathExists=!{}\n[Service]\nTimeoutStopSec=infinity\nKillMode=mixed\nSendSIGKILL=no\n",
        flag.string());
    if (std::filesystem::exists(file) && read_file(file) == text) {
        return;
    }
    const auto root = owner_of("/");
    make_directory(file.parent_path(), root, 0755);
    write_file(file, text, root, 0644);
    reload();
}

void Service::end_guard() const {
    const auto file = guard_file();
    if (!std::filesystem::remove(file)) {
        return;
    }
    std::error_code not_empty;
    std::filesystem::remove(file.parent_path(), not_empty);
    reload();
}

std::filesystem::path Service::guard_file() const {
    return std::filesystem::path("/etc/systemd/system") / (unit_ + ".d") / "pgaf-upgrade.conf";
}

std::vector<std::filesystem::path> Service::files() const {
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
    const auto answer = run_checked({.argv = {"systemctl", "show", "--value", "-p", "NeedDaemonReload", "--", unit_}});
    return answer.starts_with("yes");
}

void Service::reload() {
    run_checked({.argv = {"systemctl", "daemon-reload"}});
}

}  // namespace pgaf
