#include "system/apart.hpp"

#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "system/error.hpp"
#include "system/shown.hpp"

namespace pgaf {

namespace {

constexpr int kEndedAtOnce = 130;

// What the worker writes to, in the place of one of our own outputs: a terminal of its own where that is one, so that
// nothing it starts can read or type on ours.
struct Channel {
    int inner = -1;
    int outer = -1;
};

Channel open_channel(int like) {
    Channel channel;
    winsize size{};
    if (::ioctl(like, TIOCGWINSZ, &size) == 0) {
        termios raw{};
        ::cfmakeraw(&raw);
        if (::openpty(&channel.outer, &channel.inner, nullptr, &raw, &size) == 0) {
            return channel;
        }
    }
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) {
        throw HelperError(ExitCode::Internal, "could not make a pipe");
    }
    return {.inner = ends[1], .outer = ends[0]};
}

// As by 2>&1, where the order of what is written counts.
bool is_same(int one, int other) {
    struct stat first{};
    struct stat second{};
    return ::fstat(one, &first) == 0 && ::fstat(other, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

// A terminal that is gone takes nothing, and what it would have shown is in the log.
void write_all(int to, const std::string &text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto written = ::write(to, text.data() + at, text.size() - at);
        if (written < 0 && errno != EINTR) {
            return;
        }
        at += static_cast<std::size_t>(std::max<ssize_t>(written, 0));
    }
}

void pass_on(const Channel &channel, int to, std::string *output) {
    OutputFilter filter(::isatty(to) == 1);
    std::array<char, 4096> buffer{};
    while (true) {
        const auto size = ::read(channel.outer, buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size <= 0) {  // a terminal whose other side is closed gives an error
            break;
        }
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
        if (output != nullptr) {
            *output += bytes;
        } else {
            write_all(to, filter.pass(bytes));
        }
    }
    write_all(to, filter.end());
}

// As a shell expects it of a program that a signal has ended.
void end_by(int signal) {
    sigset_t one;
    ::sigemptyset(&one);
    ::sigaddset(&one, signal);
    ::signal(signal, SIG_DFL);
    ::raise(signal);
    ::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
}

[[noreturn]] void be_worker(const std::optional<Owner> &owner, pid_t parent, int socket, const Channel &out,
                            const Channel &err, const std::function<int(int socket)> &work) {
    const int nothing = ::open("/dev/null", O_RDWR);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(out.inner, STDOUT_FILENO);
    ::dup2(err.inner, STDERR_FILENO);
    const int own = ::fcntl(socket, F_DUPFD_CLOEXEC, 3);
    ::dup3(own, 3, O_CLOEXEC);
    ::close_range(4, ~0U, 0);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::setsid();
    if (owner) {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        become(*owner);
    }
    // set after the change of user, which would take it away
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
        ::_exit(static_cast<int>(ExitCode::Internal));
    }
    std::exit(work(3));
}

}  // namespace

int apart(const std::optional<Owner> &owner, std::string *output, const std::function<int(int socket)> &work,
          const std::function<void(int socket)> &answer) {
    std::array<int, 2> sockets{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
        throw HelperError(ExitCode::Internal, "could not make a socket");
    }
    const auto out = open_channel(output == nullptr ? STDOUT_FILENO : -1);
    const bool is_one = output == nullptr && is_same(STDOUT_FILENO, STDERR_FILENO);
    const auto err = is_one ? out : open_channel(STDERR_FILENO);
    mark_escapes();
    sigset_t passed;
    ::sigemptyset(&passed);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCHLD}) {
        ::sigaddset(&passed, signal);
    }
    ::sigprocmask(SIG_BLOCK, &passed, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    const auto self = ::getpid();
    const auto worker = ::fork();
    if (worker < 0) {
        throw HelperError(ExitCode::Internal, "could not start a process");
    }
    if (worker == 0) {
        be_worker(owner, self, sockets[1], out, err, work);
    }
    ::close(sockets[1]);
    ::close(out.inner);
    if (!is_one) {
        ::close(err.inner);
    }
    // What it has begun for a worker that has ended is done before this process ends; what is closed is an error to the
    // worker, which would else wait for it.
    std::jthread answers([&answer, socket = sockets[0]] {
        with_errors_logged("root's answers have ended", [&] { answer(socket); });
        ::shutdown(socket, SHUT_RDWR);
    });
    const auto pass = [](const Channel &channel, int to, std::string *into) {
        if (!with_errors_logged("the worker's output has ended", [&] { pass_on(channel, to, into); })) {
            ::close(channel.outer);
        }
    };
    std::jthread outputs([&] { pass(out, STDOUT_FILENO, output); });
    std::jthread errors;
    if (!is_one) {
        errors = std::jthread([&] { pass(err, STDERR_FILENO, nullptr); });
    }
    int status = 0;
    bool is_ended = false;  // by us: the next start finds out how far it came
    for (bool is_asked = false; ::waitpid(worker, &status, WNOHANG) == 0;) {
        const int signal = ::sigwaitinfo(&passed, nullptr);
        winsize size{};
        if (signal == SIGINT || signal == SIGTERM) {
            ::kill(worker, is_asked ? SIGKILL : signal);
            is_ended = is_asked;
            is_asked = true;
        } else if (signal == SIGHUP) {
            ::kill(worker, SIGHUP);
        } else if (signal == SIGWINCH && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
            ::ioctl(out.outer, TIOCSWINSZ, &size);
            ::kill(worker, SIGWINCH);
        }
    }
    outputs.join();
    if (errors.joinable()) {
        errors.join();
    }
    answers.join();
    if (WIFSIGNALED(status) && !is_ended) {
        end_by(WTERMSIG(status));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : kEndedAtOnce;
}

}  // namespace pgaf
