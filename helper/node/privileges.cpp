#include "node/privileges.hpp"

#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <mutex>

#include <fmt/format.h>

#include "system/error.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

using privileged::Reply;
using privileged::Request;
using privileged::Verb;

constexpr const char *kProgram = PGAF_SERVICE_PROGRAM;

[[noreturn]] void fail_as_told(ExitCode code, const std::string &text) {
    const auto end = text.find('\n');
    throw HelperError(code, text.substr(0, end), end == std::string::npos ? "" : text.substr(end + 1));
}

class RootBehind final : public Privileges {
  public:
    explicit RootBehind(int socket) : socket_(socket) {}
    ~RootBehind() override { ::close(socket_); }
    RootBehind(const RootBehind &) = delete;
    RootBehind &operator=(const RootBehind &) = delete;

    std::string ask(Verb verb, int first, int second) override { return exchange({verb, first, second}, nullptr); }

    void start_scope(int in, int out, int err) override {
        const std::array<int, 3> descriptors{in, out, err};
        exchange({Verb::Scope, 0, 0}, &descriptors);
    }

  private:
    std::string exchange(Request request, const std::array<int, 3> *descriptors) {
        const std::lock_guard lock(mutex_);  // steps beside one another ask one after the other
        iovec part{&request, sizeof request};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 3)> control{};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        if (descriptors != nullptr) {
            message.msg_control = control.data();
            message.msg_controllen = control.size();
            auto *head = CMSG_FIRSTHDR(&message);
            head->cmsg_level = SOL_SOCKET;
            head->cmsg_type = SCM_RIGHTS;
            head->cmsg_len = CMSG_LEN(sizeof *descriptors);
            std::memcpy(CMSG_DATA(head), descriptors->data(), sizeof *descriptors);
        }
        Reply reply;
        if (::sendmsg(socket_, &message, MSG_NOSIGNAL) != static_cast<ssize_t>(sizeof request) ||
            ::recv(socket_, &reply, sizeof reply, 0) != static_cast<ssize_t>(sizeof reply)) {
            throw HelperError(ExitCode::Internal, "the process that acts as root has ended",
                              "Run pgaf-upgrade run again: it goes on where it stopped.");
        }
        reply.text.back() = '\0';
        if (reply.failed != 0) {
            fail_as_told(static_cast<ExitCode>(reply.failed), reply.text.data());
        }
        return reply.text.data();
    }

    int socket_;
    std::mutex mutex_;
};

class RootBySudo final : public Privileges {
  public:
    std::string ask(Verb verb, int first, int second) override {
        auto outcome = run({.argv = {"sudo", "-n", "--", kProgram, std::string(name_of(verb)), std::to_string(first),
                                     std::to_string(second)},
                            .time_limit = std::chrono::seconds(120)});
        if (outcome.exit_code == 0) {
            return last_lines(outcome.output, 1);
        }
        // sudo's own refusal ends with 1, which is also this program's internal error
        if (outcome.exit_code == static_cast<int>(ExitCode::Internal)) {
            throw HelperError(
                ExitCode::Refused,
                fmt::format("this user may not stop and start the service: {}", last_lines(outcome.output, 1)),
                fmt::format("In /etc/sudoers.d/pgaf-upgrade: {} ALL=(root) NOPASSWD: {}. Or run pgaf-upgrade "
                            "as root.",
                            name_of_user(), kProgram));
        }
        fail_as_told(static_cast<ExitCode>(outcome.exit_code), outcome.output);
    }

    void start_scope(int in, int out, int err) override {
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
        std::array<const char *, 6> argv{"sudo", "-n", "--", kProgram, "scope", nullptr};
        pid_t child = 0;
        const int failed =
            ::posix_spawnp(&child, argv[0], &actions, nullptr, const_cast<char *const *>(argv.data()), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        if (failed != 0) {
            throw HelperError(ExitCode::StepFailed, fmt::format("could not start sudo: {}", std::strerror(failed)));
        }
    }

  private:
    static std::string_view name_of(Verb verb) { return privileged::kVerbNames.at(static_cast<std::size_t>(verb)); }
    static std::string name_of_user() {
        const char *name = std::getenv("USER");
        return name == nullptr ? "postgres" : name;
    }
};

}  // namespace

std::shared_ptr<Privileges> root_behind(int socket) {
    return std::make_shared<RootBehind>(socket);
}

std::shared_ptr<Privileges> root_by_sudo() {
    return std::make_shared<RootBySudo>();
}

}  // namespace pgaf
