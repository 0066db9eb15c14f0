#include "cluster/private_server.hpp"

#include <algorithm>
#include <csignal>
#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "cluster/pg_upgrade.hpp"
#include "cluster/private_files.hpp"
#include "cluster/replication_clients.hpp"
#include "node/kept_autoctl.hpp"
#include "node/service.hpp"
#include "postgres/controldata.hpp"
#include "postgres/diagnosis.hpp"
#include "run/data_size.hpp"
#include "run/refused_limit.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"
#include "system/process.hpp"
#include "system/shell.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr std::chrono::seconds kArchiverEnds{5};

}  // namespace

void stop_server(const Node &node, const fs::path &bindir, std::chrono::seconds limit) {
    // pg_ctl's own limit comes later: it would not say what is in the way
    run_checked({.argv = {(bindir / "pg_ctl").string(), "stop", "--wait",
                          fmt::format("--timeout={}", limit.count() + 60), "-m", "fast", "-D", node.data_dir.string()},
                 .time_limit = limit,
                 .directory = node.work_dir(),
                 .log = node.log("pg_ctl"),
                 .diagnose = [&node] { return describe_processes(node.data_dir); }});
}

PrivateServer::PrivateServer(const Context &context, Side side, std::chrono::seconds limit)
    : node_(context.node),
      bindir_(side == Side::Old ? Installation::from(context.journal).old_bindir
                                : Installation::from(context.journal).new_bindir),
      stop_limit_(context.limit(shutdown_limit(data_size(context)))),
      sockets_(scratch_dir(context)) {
    const PrivateFiles files(scratch_dir(context));
    auto options = context.role() == Role::Secondary ? files.standby_options() : files.options(side, node_.data_dir);
    options.insert(options.end(), {"-c", "listen_addresses=", "-c", "unix_socket_directories=" + sockets_.path()});
    run_checked({.argv = {(bindir_ / "pg_ctl").string(), "start", "--wait", fmt::format("--timeout={}", limit.count()),
                          "-D", node_.pgdata.string(), "-l", node_.log("postgres").string(), "-o", shell_line(options)},
                 .time_limit = limit + std::chrono::seconds(10),
                 .directory = node_.work_dir(),
                 .log = node_.log("pg_ctl")});
    runs_ = true;
}

PrivateServer::~PrivateServer() {
    with_errors_logged("could not stop the private server", [this] { stop(); });
}

void PrivateServer::stop() {
    if (runs_) {
        stop_server(node_, bindir_, stop_limit_);
        runs_ = false;
    }
}

namespace {

void stop_if_running(const Node &node, const fs::path &bindir, std::chrono::seconds limit) {
    if (!node.running_server()) {
        return;
    }
    try {
        stop_server(node, bindir, limit);
    } catch (const HelperError &error) {
        if (error.code() == ExitCode::TimedOut) {
            throw;
        }
        spdlog::info("pg_ctl stop: {}", error.what());  // it may have been gone: pg_control tells
    }
}

}  // namespace

void stop_behind_guard(const Context &context, const fs::path &bindir) {
    const auto &node = context.node;
    const RefusedLimit refused(context);
    const auto limit = [&] { return refused.at_most(context.limit(shutdown_limit(data_size(context)))); };
    const auto wait = std::chrono::seconds(node.options.replication_wait_s);
    const EndOfReplicationClients clients(context, std::min(wait, refused.left().value_or(2 * wait) / 2));
    const Service service(context.node, Installation::from(context.journal).unit);
    service.set_guard();
    fault_point(steps::kStop, "guarded");
    {
        const FaultWatch watch(steps::kStop, "middle", std::chrono::milliseconds(40));
        // pg_autoctl's own pg_ctl waits for a minute, and pg_autoctl then ends without the server: so that one is
        // told here, too, and looked for once more when nobody is left to start it.
        service.begin_stop(limit());
        stop_if_running(node, bindir, limit());
        service.stop(limit());
        stop_if_running(node, bindir, limit());
    }
}

// A command of the archiver that is killed may leave half a file in the archive: it gets a little time for the segment
// that it is at, and begins no other.
void end_stopping_server(const Context &context) {
    const auto &node = context.node;
    const auto is_stopping = [&node] { return node.is_server_stopping(); };
    if (node.running_server() && !is_stopping()) {
        return;
    }
    const auto installation = Installation::from(context.journal);
    const auto deadline = std::chrono::steady_clock::now() + kArchiverEnds;
    for (bool archives = is_stopping(); archives && std::chrono::steady_clock::now() < deadline;) {
        const auto processes = processes_of_server(node.data_dir);
        const auto archiver = std::ranges::find_if(processes, [](const ServerProcess &process) {
            return process.title.find(" archiver") != std::string::npos;
        });
        archives = archiver != processes.end() && ::kill(archiver->pid, SIGTERM) == 0;
        std::this_thread::sleep_for(std::chrono::milliseconds(archives ? 100 : 0));
    }
    if (is_stopping()) {
        spdlog::warn("the server that is stopping is ended: {}", describe_processes(node.data_dir));
        // it may be gone in between
        static_cast<void>(run({.argv = {(installation.old_bindir / "pg_ctl").string(), "stop", "--wait", "--timeout=60",
                                        "-m", "immediate", "-D", node.data_dir.string()},
                               .time_limit = std::chrono::seconds(90),
                               .directory = node.work_dir(),
                               .log = node.log("pg_ctl")}));
    }
    // pg_autoctl, on its way out, would end whatever is started now
    Service(node, installation.unit).stop(context.limit(std::chrono::minutes(2)));
}

const char *clean_state(Role role) {
    return role == Role::Secondary ? "shut down in recovery" : "shut down";
}

void stop_cleanly(const Context &context) {
    const auto &node = context.node;
    const auto installation = Installation::from(context.journal);
    stop_behind_guard(context, installation.old_bindir);
    if (read_controldata(installation.old_bindir, node.data_dir).state != clean_state(context.role())) {
        make_directory(scratch_dir(context));
        PrivateServer(context, Side::Old, context.limit(start_limit(data_size(context)))).stop();
    }
}

void start_service(const Context &context) {
    const auto &node = context.node;
    node.keep_config();
    const auto installation = Installation::from(context.journal);
    Service service(node, installation.unit);
    const bool is_old = major_of(node.data_dir) == context.source();
    service.use_kept_program(is_old ? kept_autoctl(node) : std::nullopt);
    service.end_guard();
    if (!service.is_active()) {
        service.start();
    }
}

}  // namespace pgaf
