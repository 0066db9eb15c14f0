#include "node/service.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "node/outliving.hpp"
#include "node/server_environment.hpp"
#include "system/error.hpp"
#include "system/files.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

constexpr std::chrono::seconds kBegins{30};

}  // namespace

std::optional<pid_t> Service::running(const std::filesystem::path &pid_file) {
    const pid_t pid = std::atoi(text_of(pid_file).c_str());
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
    run_outliving(node_, {.argv = autoctl_arguments(node_, program, node_.log("pg_autoctl_run")),
                          .whole_environment = kept_environment(node_, {}, {}),
                          .directory = node_.work_dir(),
                          .log = node_.log("pg_autoctl_run")});
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

std::string Service::ask(privileged::Verb verb, int first, int second) const {
    return node_.options.privileges->ask(verb, first, second);
}

void Service::start() const {
    if (is_by_hand()) {
        return start_by_hand();
    }
    ask(privileged::Verb::Start);
}

void Service::begin_stop(std::chrono::seconds limit) const {
    if (!is_by_hand()) {
        ask(privileged::Verb::Stop);
    } else if (const auto pid = running(node_.paths.pid)) {
        ::kill(*pid, SIGTERM);
    }
    wait_while_active(limit);
}

void Service::stop(std::chrono::seconds limit) const {
    begin_stop(limit);
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!has_ended()) {
        if (std::chrono::steady_clock::now() > deadline) {
            throw HelperError(ExitCode::TimedOut, fmt::format("pg_autoctl did not end within {} s", limit.count()),
                              "See what it waits for in its log, and run pgaf-upgrade run again.");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void Service::prepare_guard() const {
    if (!is_by_hand()) {
        ask(privileged::Verb::PrepareGuard);
    }
}

void Service::set_guard() const {
    if (!is_by_hand()) {
        ask(privileged::Verb::SetGuard);
    }
    write_file(node_.guard_flag(), "");
}

void Service::end_guard() const {
    if (std::filesystem::remove(node_.guard_flag())) {
        flush_directory(node_.work_dir());
    }
    if (!is_by_hand()) {
        ask(privileged::Verb::RemoveGuard);
    }
}

void Service::keep_program() const {
    if (!is_by_hand()) {
        ask(privileged::Verb::KeepProgram);
    }
}

void Service::use_kept_program(const std::optional<std::filesystem::path> &by) {
    program_ = by;
    if (!is_by_hand()) {
        ask(privileged::Verb::UseKept, by ? 1 : 0);
    }
}

void Service::use_programs(int major, bool forward) const {
    if (!is_by_hand()) {
        ask(privileged::Verb::Program, major, forward ? 1 : 0);
    }
}

bool Service::has_programs_of(int major) const {
    const auto loaded = files();
    const auto ours = std::ranges::find(loaded, privileged::kProgramsDropIn, &std::filesystem::path::filename);
    if (ours != loaded.end()) {
        return read_file(*ours).find(fmt::format(" PostgreSQL {} ", major)) != std::string::npos;
    }
    OtherPrograms programs(major);
    return override_by(programs, "").drop_in.empty();
}

UnitOverride Service::override_by(OtherPrograms &programs, const std::filesystem::path &environment_file) const {
    // what only root may read of the unit's EnvironmentFiles is looked at by root, when the programs are changed
    return override_of(service_lines(files()), programs, environment_file, text_of);
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
    return paths;
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
