#include "node/outliving.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <sstream>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "node/server_environment.hpp"
#include "system/error.hpp"
#include "system/files.hpp"
#include "system/scope.hpp"
#include "system/shell.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

class Pipe {
  public:
    Pipe() {
        if (::pipe2(ends_.data(), O_CLOEXEC) != 0) {
            throw HelperError(ExitCode::StepFailed, "could not make a pipe");
        }
    }
    ~Pipe() {
        close_in();
        ::close(ends_[0]);
    }
    Pipe(const Pipe &) = delete;
    Pipe &operator=(const Pipe &) = delete;
    [[nodiscard]] int out() const { return ends_[0]; }
    [[nodiscard]] int in() const { return ends_[1]; }
    void close_in() {
        if (ends_[1] >= 0) {
            ::close(std::exchange(ends_[1], -1));
        }
    }

  private:
    std::array<int, 2> ends_{};
};

// Says its process number first, and the exit code last. The shell has few variables of its own, and everybody on the
// host may read a program's arguments: so it exports what the command gets.
std::string script_of(const Command &command, const std::string &limits) {
    return fmt::format("echo $$\ncd {}\numask 077\n{}unset LC_ALL OLDPWD\n{}{} </dev/null >>{} 2>&1\necho $?\n",
                       shell_quoted(command.directory.string()), limits, exports_in_shell(environment_of(command)),
                       shell_line(command.argv), shell_quoted(command.log.string()));
}

std::string tail_of(const fs::path &log, std::uintmax_t from) {
    return fs::exists(log) ? read_file(log).substr(std::min<std::size_t>(from, fs::file_size(log))) : "";
}

// The exit code; nothing where no scope could be made.
std::optional<int> run_in_scope(const Node &node, const Command &command) {
    Pipe orders;
    Pipe answers;
    const auto script = script_of(command, limits_in_shell(kept_limits(node)));
    // written before anybody reads it
    if (::fcntl(orders.in(), F_SETPIPE_SZ, script.size()) < static_cast<int>(script.size()) ||
        ::write(orders.in(), script.data(), script.size()) != static_cast<ssize_t>(script.size())) {
        throw HelperError(ExitCode::StepFailed, "could not write to a pipe");
    }
    const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    node.options.privileges->start_scope(orders.out(), answers.in(), nothing);
    ::close(nothing);
    orders.close_in();
    answers.close_in();
    const auto deadline = std::chrono::steady_clock::now() + command.time_limit;
    std::string said;
    for (std::array<char, 64> piece{};;) {
        pollfd waited{.fd = answers.out(), .events = POLLIN, .revents = 0};
        if (::poll(&waited, 1, 1000) > 0) {
            const auto size = ::read(answers.out(), piece.data(), piece.size());
            if (size <= 0) {
                break;
            }
            said.append(piece.data(), static_cast<std::size_t>(size));
            continue;
        }
        if (command.on_progress) {
            command.on_progress(last_lines(tail_of(command.log, 0), 1));
        }
        if (std::chrono::steady_clock::now() > deadline) {
            if (const int group = std::atoi(said.c_str()); group > 1) {
                ::kill(-group, SIGTERM);
            }
            throw HelperError(ExitCode::TimedOut,
                              fmt::format("{} did not finish within {} s: {}", command.argv.front(),
                                          command.time_limit.count(), last_lines(tail_of(command.log, 0), 3)),
                              fmt::format("Its output is in {}.", command.log.string()));
        }
    }
    std::istringstream numbers(said);
    int process = 0;
    int code = 0;
    return numbers >> process >> code ? std::optional(code) : std::nullopt;
}

}  // namespace

void run_outliving(const Node &node, Command command) {
    command.outlives_helper = true;
    std::error_code none;
    const auto size = fs::file_size(command.log, none);
    const auto from = none ? 0 : size;
    if (has_systemd()) {
        if (const auto code = run_in_scope(node, command)) {
            if (*code != 0) {
                throw HelperError(ExitCode::StepFailed,
                                  fmt::format("{} exited with {}: {}", command.argv.front(), *code,
                                              last_lines(tail_of(command.log, from), 6)),
                                  fmt::format("Its output is in {}.", command.log.string()));
            }
            return;
        }
        spdlog::warn("no scope of systemd's could be made: {} ends with this helper's service or session",
                     command.argv.front());
    }
    run_checked(command);
}

}  // namespace pgaf
