#include "service.hpp"

#include <fstream>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "error.hpp"
#include "process.hpp"

namespace pgaf {

namespace {

// Stopping means a shutdown checkpoint of everything that is dirty; systemd has its own limit besides.
constexpr std::chrono::minutes kStopLimit{30};

}  // namespace

std::string Service::unit_of(const std::filesystem::path &pid_file) {
    long pid = 0;
    std::ifstream(pid_file) >> pid;
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

void Service::start() const {
    run_checked({.argv = {"systemctl", "start", "--", unit_}});
}

void Service::begin_stop() const {
    run_checked({.argv = {"systemctl", "stop", "--no-block", "--", unit_}});
    const auto deadline = std::chrono::steady_clock::now() + kStopLimit;
    while (is_active() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void Service::stop() const {
    run_checked({.argv = {"systemctl", "stop", "--", unit_}, .time_limit = kStopLimit});
}

std::vector<std::filesystem::path> Service::files() const {
    std::istringstream output(run_checked(
        {.argv = {"systemctl", "show", "--value", "-p", "FragmentPath", "-p", "DropInPaths", "--", unit_}}));
    std::vector<std::filesystem::path> paths;
    for (std::string path; output >> path;) {
        paths.emplace_back(path);
    }
    return paths;
}

void Service::reload() {
    run_checked({.argv = {"systemctl", "daemon-reload"}});
}

}  // namespace pgaf
