#include "commands/as_owner.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "node/server_environment.hpp"
#include "node/service.hpp"
#include "privileged/verbs.hpp"
#include "system/apart.hpp"
#include "system/output.hpp"

namespace pgaf {

namespace {

// By a process of that user's, since it is below the user's home that one looks.
bool has_node(const Owner &owner, const Options &options) {
    const auto child = ::fork();
    if (child == 0) {
        become(owner);
        adopt_environment_of_autoctl(options.pgdata);
        std::error_code none;
        const bool is_found = options.pgdata.empty()
                                  ? !autoctl::known_pgdatas().empty()
                                  : std::filesystem::exists(autoctl::paths_of(options.pgdata).config, none);
        ::_exit(is_found ? 0 : 1);
    }
    int status = 0;
    return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Owner owner_to_work_for(const Options &options) {
    std::vector<Owner> owners;
    for (const auto &name : options.users) {
        if (auto owner = owner_named(name)) {
            require_one_of(options.users, *owner);
            owners.push_back(std::move(*owner));
        }
    }
    if (owners.empty()) {
        throw HelperError(ExitCode::Usage,
                          fmt::format("this host has no user \"{}\"", fmt::join(options.users, "\", \"")),
                          "Name the user that PostgreSQL runs as: users = NAME in /etc/pgaf-upgrade.conf.");
    }
    for (const auto &owner : owners) {
        if (owners.size() > 1 && has_node(owner, options)) {
            return owner;
        }
    }
    return owners.front();
}

std::string owner_name_of_caller(const std::optional<Owner> &sudoer) {
    return sudoer ? sudoer->name : owner_of_uid(::geteuid()).name;
}

}  // namespace

std::optional<Owner> caller_by_sudo() {
    const char *uid = std::getenv("SUDO_UID");
    const auto number = uid == nullptr ? 0UL : std::strtoul(uid, nullptr, 10);
    return ::geteuid() != 0 || number == 0 ? std::nullopt : std::optional(owner_of_uid(static_cast<uid_t>(number)));
}

int carry_out(Options options, const std::function<ExitCode(const Options &)> &command,
              const std::function<int(const std::function<int()> &)> &report) {
    const bool is_root = ::geteuid() == 0;
    if (!is_root) {  // setpriv and some settings of sudo leave another's, where the node's files are not
        ::setenv("HOME", owner_of_uid(::geteuid()).home.c_str(), 1);
    }
    const auto owner = is_root ? std::optional(owner_to_work_for(options)) : std::nullopt;
    const privileged::Settings settings{.owner = owner.value_or(Owner{}),
                                        .service = options.service == Service::kNone ? "" : options.service,
                                        .pgdata = options.pgdata,
                                        .new_bindir = options.new_bindir};
    const auto sudoer = caller_by_sudo();
    options.asked_by = owner_name_of_caller(sudoer);
    const auto path = std::exchange(options.output, "-");
    std::string written;
    const auto work = [&](int socket) {
        adopt_environment_of_autoctl(options.pgdata);
        options.privileges = is_root ? root_behind(socket) : root_by_sudo();
        return report([&] { return static_cast<int>(command(options)); });
    };
    const auto answer = [&](int socket) {
        if (is_root) {
            privileged::serve(socket, privileged::Verbs(settings));
        }
    };
    const int code = apart(owner, path == "-" ? nullptr : &written, work, answer);
    if (!written.empty()) {
        const auto caller = caller_by_sudo();
        const auto acting = caller ? std::optional<ActingAs>(std::in_place, *caller) : std::nullopt;
        write_output(path, written);
    }
    return code;
}

}  // namespace pgaf
