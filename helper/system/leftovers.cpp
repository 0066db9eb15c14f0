#include "system/leftovers.hpp"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <iterator>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "system/error.hpp"
#include "system/files.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

std::string &mark() {
    static std::string value;
    return value;
}

struct Process {
    pid_t pid = 0;
    pid_t parent = 0;
    std::string name;
};

bool is_marked(pid_t pid) {
    const auto environment = text_of(fmt::format("/proc/{}/environ", pid));
    return environment.starts_with(mark() + '\0') || environment.find('\0' + mark() + '\0') != std::string::npos;
}

// "PID (NAME) STATE PARENT ...", where the name may hold anything but comes before the last parenthesis
Process process_of(pid_t pid) {
    const auto text = text_of(fmt::format("/proc/{}/stat", pid));
    const auto begin = text.find('(');
    const auto end = text.rfind(')');
    if (begin == std::string::npos || end == std::string::npos || end + 4 > text.size() || text[end + 2] == 'Z') {
        return {};
    }
    Process process{.pid = pid, .name = text.substr(begin + 1, end - begin - 1)};
    std::from_chars(text.data() + end + 4, text.data() + text.size(), process.parent);
    return process;
}

// All but this one.
std::vector<pid_t> other_processes() {
    std::vector<pid_t> found;
    for (const auto &entry : fs::directory_iterator("/proc")) {
        const auto name = entry.path().filename().string();
        pid_t pid = 0;
        const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error == std::errc{} && rest == name.data() + name.size() && pid != ::getpid()) {
            found.push_back(pid);
        }
    }
    return found;
}

std::vector<Process> marked_processes() {
    std::vector<Process> found;
    for (const auto pid : other_processes()) {
        if (is_marked(pid)) {
            if (auto process = process_of(pid); process.pid != 0) {
                found.push_back(std::move(process));
            }
        }
    }
    return found;
}

bool is_server(const Process &process) {
    return process.name == "postgres";
}

// A server's own processes are its to end: what is signalled is the first of them.
bool is_first_of_server(const Process &process, const std::vector<Process> &all) {
    return is_server(process) && std::ranges::none_of(all, [&](const Process &other) {
               return other.pid == process.parent && is_server(other);
           });
}

// Signals what `chosen` takes of the marked processes, until none of those is left or the time is over.
template <typename Chosen>
bool end_all(int signal, std::chrono::seconds limit, const Chosen &chosen) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    std::vector<pid_t> signalled;
    while (true) {
        const auto all = marked_processes();
        bool any = false;
        for (const auto &process : all) {
            if (!chosen(process, all)) {
                continue;
            }
            any = true;
            if (std::ranges::find(signalled, process.pid) == signalled.end()) {
                ::kill(process.pid, signal);
                signalled.push_back(process.pid);
            }
        }
        if (!any) {
            return true;
        }
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

// A fast shutdown writes what is dirty first.
constexpr std::chrono::minutes kFastShutdown{10};
constexpr std::chrono::seconds kKilled{20};
constexpr int kLooksAtEnd = 50;
constexpr std::chrono::milliseconds kLookAtEnd{100};

}  // namespace

std::vector<pid_t> processes_in(const fs::path &directory) {
    std::vector<pid_t> found;
    for (const auto pid : other_processes()) {
        std::error_code ignored;
        const auto works_in = fs::read_symlink(fmt::format("/proc/{}/cwd", pid), ignored);
        if ((works_in / "").string().starts_with((directory / "").string())) {
            found.push_back(pid);
        }
    }
    return found;
}

void end_processes_in(const fs::path &directory) {
    for (const auto signal : {SIGQUIT, SIGKILL}) {  // a server that is killed leaves its memory behind
        for (int look = 0; look < kLooksAtEnd; ++look) {
            const auto found = processes_in(directory);
            if (found.empty()) {
                return;
            }
            for (const auto pid : found) {
                ::kill(pid, signal);
            }
            std::this_thread::sleep_for(kLookAtEnd);
        }
    }
}

void mark_children_of(const fs::path &work_dir) {
    mark() = "PGAF_UPGRADE_CHILD_OF=" + work_dir.string();
}

const std::string &child_mark() {
    return mark();
}

int end_leftovers() {
    const auto found = marked_processes();
    if (found.empty()) {
        return 0;
    }
    std::vector<std::string> names;
    std::ranges::transform(found, std::back_inserter(names),
                           [](const Process &process) { return fmt::format("{} ({})", process.name, process.pid); });
    spdlog::warn("an earlier helper left, and this one ends: {}", fmt::join(names, ", "));
    const auto no_server = [](const Process &process, const auto & /*all*/) { return !is_server(process); };
    if (!end_all(SIGKILL, kKilled, no_server) ||
        (!end_all(SIGINT, kFastShutdown, is_first_of_server) && !end_all(SIGQUIT, kKilled, is_first_of_server))) {
        throw HelperError(ExitCode::TimedOut,
                          fmt::format("could not end what an earlier helper left running: {}", fmt::join(names, ", ")),
                          "End these processes, servers by pg_ctl stop, and run pgaf-upgrade again.");
    }
    return static_cast<int>(found.size());
}

}  // namespace pgaf
