#include "upgrade/server.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include "process.hpp"
#include "upgrade/pg_upgrade.hpp"
#include "upgrade/socket_directory.hpp"

namespace pgaf {

void start_new_server(const Context &context) {
    const auto &node = context.node;
    if (node.running_server()) {
        return;
    }
    std::vector<std::string> argv{(Installation::from(context.journal).new_bindir / "pg_ctl").string(), "start",
                                  "--wait", "--timeout=3600", "-D", node.pgdata.string(), "-l",
                                  node.log("postgres").string(), "-o",
                                  // quoted for the shell that pg_ctl starts the server by: "*" is not a pattern
                                  fmt::format("-p {} -h '{}'", node.config.port, node.config.listen_addresses)};
    std::optional<Owner> run_as = node.owner;
    if (::geteuid() == 0) {
        // A scope of its own: with the helper's service or session, systemd would end the server too.
        const std::vector<std::string> scope{"systemd-run",
                                             "--scope",
                                             "--quiet",
                                             "--collect",
                                             fmt::format("--uid={}", node.owner.uid),
                                             fmt::format("--gid={}", node.owner.gid),
                                             "--"};
        argv.insert(argv.begin(), scope.begin(), scope.end());
        run_as.reset();
    }
    run_checked({.argv = std::move(argv),
                 .run_as = run_as,
                 .time_limit = std::chrono::hours(1),
                 .directory = node.work_dir(),
                 .log = node.log("pg_ctl"),
                 .on_progress = context.say});
}

void update_pgautofailover(const Context &context) {
    const auto &node = context.node;
    const auto pg_ctl = (Installation::from(context.journal).new_bindir / "pg_ctl").string();
    const SocketDirectory sockets(scratch_dir(context), node.owner);
    run_checked({.argv = {pg_ctl, "start", "--wait", "-D", node.pgdata.string(), "-l", node.log("postgres").string(),
                          "-o", fmt::format("-c listen_addresses='' -c unix_socket_directories='{}'", sockets.path())},
                 .run_as = node.owner,
                 .time_limit = std::chrono::minutes(5),
                 .directory = node.work_dir(),
                 .log = node.log("pg_ctl")});
    const auto stop = [&] {
        run_checked({.argv = {pg_ctl, "stop", "--wait", "-m", "fast", "-D", node.pgdata.string()},
                     .run_as = node.owner,
                     .time_limit = std::chrono::minutes(5),
                     .directory = node.work_dir(),
                     .log = node.log("pg_ctl")});
    };
    try {
        node.connect_locally("pg_auto_failover").query("ALTER EXTENSION pgautofailover UPDATE");
    } catch (const HelperError &) {
        stop();
        throw;
    }
    stop();
}

}  // namespace pgaf
