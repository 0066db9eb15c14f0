#include "system/process.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>
#include <boost/asio/io_context.hpp>
#include <boost/process/v2.hpp>

#include "system/error.hpp"
#include "system/leftovers.hpp"

namespace bp = boost::process::v2;

namespace pgaf {

namespace {

constexpr std::chrono::seconds kDiagnose{10};

std::atomic<bool> stop_asked{false};
std::atomic<bool> hung_up{false};

void on_signal(int /*signal*/) {
    if (stop_asked.exchange(true)) {
        return;  // who asks again asks the process before this one, which then ends this one at once
    }
    constexpr std::string_view kNote = "\npgaf-upgrade: stopping after the current step (again: at once)\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kNote.data(), kNote.size());
}

// The child's environment. It is set here because process_environment is not
// whole in the header-only form of Boost 1.81.
struct ChildSetup {
    std::vector<const char *> environment;  // ends with a null pointer

    template <typename Launcher>
    bp::error_code on_setup(Launcher &launcher, const bp::filesystem::path & /*executable*/,
                            const char *const *& /*argv*/) {
        launcher.env = environment.data();
        return {};
    }

    // Between fork and exec: only what is safe there, from values read before.

    template <typename Launcher>
    bp::error_code on_exec_setup(Launcher & /*launcher*/, const bp::filesystem::path & /*executable*/,
                                 const char *const *& /*argv*/) const {
        ::setpgid(0, 0);  // a ctrl-C at the terminal is for the helper, not for pg_upgrade
        ::umask(077);
        // A server that is started must not hold what the helper's caller had open, such as cron's lock.
        ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
        return {};
    }
};

class LogFile {
  public:
    explicit LogFile(const std::filesystem::path &log) {
        fd_ = log.empty()
                  ? ::memfd_create("output", MFD_CLOEXEC)
                  : ::open(log.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (fd_ < 0) {
            throw HelperError(ExitCode::StepFailed, fmt::format("could not open \"{}\": {}", log.string(),
                                                                std::generic_category().message(errno)));
        }
        begin_ = ::lseek(fd_, 0, SEEK_END);
    }
    ~LogFile() { ::close(fd_); }
    LogFile(const LogFile &) = delete;
    LogFile &operator=(const LogFile &) = delete;

    [[nodiscard]] int get() const { return fd_; }

    [[nodiscard]] std::string content(off_t tail = -1) const {
        const off_t end = ::lseek(fd_, 0, SEEK_END);
        off_t at = tail >= 0 && end - begin_ > tail ? end - tail : begin_;
        std::string text;
        std::array<char, 8192> buffer{};
        while (at < end) {
            const auto count = ::pread(fd_, buffer.data(), buffer.size(), at);
            if (count <= 0) {
                break;
            }
            text.append(buffer.data(), static_cast<std::size_t>(count));
            at += count;
        }
        return text;
    }

  private:
    int fd_ = -1;
    off_t begin_ = 0;
};

std::vector<std::string> &program_environment() {
    static std::vector<std::string> environment;
    return environment;
}

bp::filesystem::path executable_of(const std::string &name) {
    if (name.find('/') != std::string::npos) {
        return name;
    }
    for (const char *directory : {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}) {
        auto path = fmt::format("{}/{}", directory, name);
        if (::access(path.c_str(), X_OK) == 0) {
            return path;
        }
    }
    throw HelperError(ExitCode::StepFailed, fmt::format("program \"{}\" not found", name), "Install it.");
}

}  // namespace

std::vector<std::string> child_environment(bool outlives_helper) {
    // C.UTF-8: messages are read by this program, and initdb is told every locale by its options.
    std::vector<std::string> environment{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                         "LC_ALL=C.UTF-8", "PGAPPNAME=pgaf-upgrade"};
    if (!outlives_helper && !child_mark().empty()) {
        environment.push_back(child_mark());
    }
    for (const char *name :
         {"HOME", "USER", "LOGNAME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "PGPASSFILE"}) {
        if (const char *value = std::getenv(name); value != nullptr) {
            environment.push_back(std::string(name) + "=" + value);
        }
    }
    return environment;
}

void set_program_environment(std::vector<std::string> environment) {
    program_environment() = std::move(environment);
}

std::vector<std::string> environment_of(const Command &command) {
    if (!command.whole_environment.empty()) {
        return command.whole_environment;
    }
    auto environment = child_environment(command.outlives_helper);
    if (command.argv.front().find('/') != std::string::npos) {
        environment.insert(environment.end(), program_environment().begin(), program_environment().end());
    }
    environment.insert(environment.end(), command.environment.begin(), command.environment.end());
    return environment;
}

Outcome run(const Command &command) {
    boost::asio::io_context context;
    const LogFile output(command.log);
    const auto environment = environment_of(command);
    ChildSetup setup;
    for (const auto &variable : environment) {
        setup.environment.push_back(variable.c_str());
    }
    setup.environment.push_back(nullptr);
    const std::vector<std::string> arguments(command.argv.begin() + 1, command.argv.end());

    const auto executable = executable_of(command.argv.front());
    // Some versions of Boost throw what others return.
    auto child = [&] {
        try {
            return bp::default_process_launcher()(context, executable, arguments,
                                                  bp::process_stdio{nullptr, output.get(), output.get()},
                                                  bp::process_start_dir(command.directory.string()), setup);
        } catch (const boost::system::system_error &error) {
            throw HelperError(ExitCode::StepFailed,
                              fmt::format("could not start \"{}\": {}", command.argv.front(), error.code().message()));
        }
    }();
    bool ended = false;
    child.async_wait([&ended](bp::error_code /*error*/, int /*code*/) { ended = true; });

    const auto started = std::chrono::steady_clock::now();
    auto next_diagnosis = started + kDiagnose;
    std::string diagnosis;
    const auto is_given_up = [&command] { return command.ends_when_asked && stop_was_asked(); };
    while (!ended && !is_given_up() && std::chrono::steady_clock::now() < started + command.time_limit) {
        context.run_one_for(std::chrono::seconds(1));
        if (!ended && command.diagnose && std::chrono::steady_clock::now() > next_diagnosis) {
            diagnosis = command.diagnose();
            next_diagnosis = std::chrono::steady_clock::now() + kDiagnose;
            if (!diagnosis.empty()) {
                spdlog::warn("{}: {}", command.argv.front(), diagnosis);
            }
        }
        if (!ended && command.on_progress) {
            command.on_progress(diagnosis.empty() ? last_lines(output.content(4096), 1) : diagnosis);
        }
    }
    if (!ended) {
        if (command.diagnose) {
            diagnosis = command.diagnose();
        }
        ::kill(-static_cast<pid_t>(child.id()), SIGTERM);
        context.run_one_for(std::chrono::seconds(10));
        if (!ended) {
            ::kill(-static_cast<pid_t>(child.id()), SIGKILL);
            context.run_one_for(std::chrono::seconds(10));
        }
        if (is_given_up()) {
            throw HelperError(ExitCode::StepFailed, fmt::format("stopped by the operator: {}", command.argv.front()));
        }
        throw HelperError(
            ExitCode::TimedOut,
            fmt::format("{} did not finish within {} s: {}{}{}", command.argv.front(), command.time_limit.count(),
                        last_lines(output.content(), 3), diagnosis.empty() ? "" : "; ", diagnosis),
            fmt::format("{}Remove what it waits for, and run pgaf-upgrade run again; should it have been "
                        "at work, with a higher --limit-factor.",
                        command.log.empty() ? "" : fmt::format("Its output is in {}. ", command.log.string())));
    }
    return {child.exit_code(), output.content()};
}

std::string run_checked(const Command &command) {
    auto outcome = run(command);
    if (outcome.exit_code != 0) {
        throw HelperError(ExitCode::StepFailed,
                          fmt::format("{} exited with {}: {}", command.argv.front(), outcome.exit_code,
                                      last_lines(outcome.output, 6)),
                          command.log.empty() ? fmt::format("The command was: {}", fmt::join(command.argv, " "))
                                              : fmt::format("Its output is in {}.", command.log.string()));
    }
    return std::move(outcome.output);
}

std::string last_lines(const std::string &text, std::size_t count) {
    std::vector<std::string> lines;
    std::size_t begin = 0;
    while (begin < text.size()) {
        auto end = text.find_first_of("\r\n", begin);
        end = end == std::string::npos ? text.size() : end;
        if (const auto first = text.find_first_not_of(" \t", begin); first < end) {
            lines.push_back(text.substr(first, end - first));
        }
        begin = end + 1;
    }
    const auto skip = lines.size() > count ? lines.size() - count : 0;
    return fmt::format("{}", fmt::join(lines.begin() + static_cast<std::ptrdiff_t>(skip), lines.end(), "; "));
}

void hold_signals() {
    struct sigaction action{};
    action.sa_handler = on_signal;
    ::sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
}

void outlive_terminal() {
    struct sigaction action{};
    action.sa_handler = [](int /*signal*/) { hung_up.store(true); };
    ::sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGHUP, &action, nullptr);
}

bool is_terminal_gone() {
    return hung_up.load();
}

bool stop_was_asked() {
    return stop_asked.load();
}

}  // namespace pgaf
