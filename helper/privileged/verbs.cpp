#include "privileged/verbs.hpp"

#include <grp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "privileged/drop_in.hpp"
#include "system/error.hpp"

namespace pgaf::privileged {

namespace {

constexpr std::int32_t kLeastMajor = 10;
constexpr std::int32_t kMostMajor = 99;

// The shell of another process, by whose descriptors it is told what to do.
void start_scope(const Owner &owner, const UnitLimits &limits, const Descriptors &descriptors) {
    const auto child = ::fork();
    if (child != 0) {
        if (child < 0 || ::waitpid(child, nullptr, 0) != child) {
            throw HelperError(ExitCode::StepFailed, "could not start a process");
        }
        return;
    }
    if (::fork() != 0) {
        ::_exit(0);  // nobody waits for the other
    }
    for (int at = 0; at < 3; ++at) {
        ::dup2(descriptors.at(static_cast<std::size_t>(at)), at);
    }
    ::close_range(3, ~0U, 0);
    exec_scope(owner, limits);
}

// One message, which may bring descriptors. Returns false at the end.
bool receive(int socket, Request &request, Descriptors &descriptors) {
    iovec part{&request, sizeof request};
    alignas(cmsghdr) std::array<char, CMSG_LEN(sizeof(int) * 3)> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();  // there is no room for a fourth, which the kernel then closes
    descriptors.fill(-1);
    const auto size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    const auto *head = CMSG_FIRSTHDR(&message);
    if (size > 0 && head != nullptr && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
        std::memcpy(descriptors.data(), CMSG_DATA(head), head->cmsg_len - CMSG_LEN(0));
    }
    if (size > 0 && size != static_cast<ssize_t>(sizeof request)) {
        request = {};
        request.verb = static_cast<Verb>(~0U);
    }
    return size > 0;
}

}  // namespace

void exec_scope(const Owner &owner, const UnitLimits &limits) {
    const auto uid = fmt::format("--uid={}", owner.uid);
    const auto gid = fmt::format("--gid={}", owner.gid);
    const std::array<const char *, 9> argv{
        "/usr/bin/systemd-run", "--scope", "--quiet", "--collect", uid.c_str(), gid.c_str(), "--", "/bin/sh", nullptr};
    const std::array<const char *, 3> environment{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", nullptr};
    take_on(limits);
    ::setsid();  // a process group of its own, by which the owner ends it when it takes too long
    // systemd-run leaves the groups as they are
    if (::setgroups(owner.groups.size(), owner.groups.data()) == 0) {
        ::execve(argv[0], const_cast<char *const *>(argv.data()), const_cast<char *const *>(environment.data()));
    }
    ::_exit(127);
}

Request checked(const Request &request, const Descriptors &descriptors) {
    const auto is_in = [](std::int32_t number, std::int32_t least, std::int32_t most) {
        return number >= least && number <= most;
    };
    if (request.verb > Verb::Scope) {
        throw HelperError(ExitCode::Internal, "there is no such verb");
    }
    if (request.verb == Verb::Program || request.verb == Verb::CleanUp
            ? !is_in(request.first, kLeastMajor, kMostMajor) || !is_in(request.second, 0, 1)
            : !is_in(request.first, 0, request.verb == Verb::UseKept ? 1 : 0) || request.second != 0) {
        throw HelperError(ExitCode::Internal, "the verb has no such numbers");
    }
    if (request.verb == Verb::Scope && std::ranges::find(descriptors, -1) != descriptors.end()) {
        throw HelperError(ExitCode::Internal, "a scope needs three descriptors");
    }
    return request;
}

std::string Verbs::operator()(const Request &request, const Descriptors &descriptors) {
    if (request.verb == Verb::Scope) {
        start_scope(settings_.owner, limits(), descriptors);
        return {};
    }
    // its processes and files may be others by now; its name is not, and in the switch systemd is not asked for it
    if (!unit_ || request.verb == Verb::KeepProgram || request.verb == Verb::Program || request.verb == Verb::CleanUp) {
        unit_ = find_unit(settings_);
    }
    switch (request.verb) {
        case Verb::Find:
            static_cast<void>(limits());  // here, and not in the switch
            break;
        case Verb::Scope:
            break;
        case Verb::Start:
            systemctl({"start", "--", unit_->name});
            break;
        case Verb::Stop:
            systemctl({"stop", "--no-block", "--", unit_->name});
            break;
        case Verb::PrepareGuard:
            prepare_guard(*unit_);
            break;
        case Verb::SetGuard:
            set_guard(*unit_);
            break;
        case Verb::ClearGuard:
            clear_guard(*unit_);
            break;
        case Verb::RemoveGuard:
            remove_guard(*unit_);
            break;
        case Verb::Program:
            use_programs(*unit_, settings_.owner, request.first, request.second == 1 ? settings_.new_bindir : "");
            break;
        case Verb::KeepProgram:
            keep_program(*unit_, settings_.owner);
            break;
        case Verb::UseKept:
            use_kept_program(*unit_, request.first == 1);
            break;
        case Verb::CleanUp:
            return clean_up(*unit_, settings_.owner, request.first, request.second == 1);
    }
    return unit_->name;
}

const UnitLimits &Verbs::limits() {
    if (!limits_) {
        try {
            const auto name = unit_ ? unit_->name : find_unit(settings_).name;
            limits_ = limits_in(systemctl({"show", "--property=" + properties_of_limits(), "--", name}));
        } catch (const HelperError &) {
            limits_.emplace();  // no unit runs it
        }
    }
    return *limits_;
}

void serve(int socket, const std::function<std::string(const Request &, const Descriptors &)> &carry_out) {
    Request request;
    Descriptors descriptors{};
    while (receive(socket, request, descriptors)) {
        Reply reply;
        std::string text;
        try {
            text = carry_out(checked(request, descriptors), descriptors);
        } catch (...) {
            const auto error = from_current_exception("what root was asked for");
            reply.failed = static_cast<std::int32_t>(error.code());
            text = std::string(error.what()) + (error.hint().empty() ? "" : "\n" + error.hint());
        }
        text.copy(reply.text.data(), reply.text.size() - 1);
        for (const auto descriptor : descriptors) {
            ::close(descriptor);
        }
        if (::send(socket, &reply, sizeof reply, MSG_NOSIGNAL) != static_cast<ssize_t>(sizeof reply)) {
            return;
        }
    }
}

}  // namespace pgaf::privileged
