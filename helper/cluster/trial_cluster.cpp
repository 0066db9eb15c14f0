#include "cluster/trial_cluster.hpp"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "system/files.hpp"
#include "system/leftovers.hpp"
#include "system/shell.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

// What a program that was killed left behind; its name ends with the number of its process.
void remove_left_overs(const fs::path &stem) {
    std::error_code ignored;
    for (const auto &entry : fs::directory_iterator(stem.parent_path(), ignored)) {
        const auto name = entry.path().filename().string();
        const auto prefix = stem.filename().string();
        int pid = 0;
        if (name.starts_with(prefix) &&
            std::from_chars(name.data() + prefix.size(), name.data() + name.size(), pid).ec == std::errc() &&
            ::kill(pid, 0) != 0 && errno == ESRCH) {
            end_processes_in(entry.path());
            fs::remove_all(entry.path(), ignored);
        }
    }
}

}  // namespace

TrialCluster::TrialCluster(const Node &node, const Installation &installation,
                           const std::vector<std::string> &initdb_parameters, std::string superuser)
    : node_(node), bindir_(installation.new_bindir), superuser_(std::move(superuser)) {
    const auto stem = node.beside("_pgaf_check_");
    remove_left_overs(stem);
    // As deep as PGDATA, so that a relative path in the configuration leads to where it leads there.
    data_dir_ = stem.string() + std::to_string(::getpid());
    try {
        std::vector<std::string> argv{(bindir_ / "initdb").string(), "-D", data_dir_.string(), "--no-sync"};
        argv.insert(argv.end(), initdb_parameters.begin(), initdb_parameters.end());
        run_checked({.argv = std::move(argv), .time_limit = std::chrono::minutes(5)});
        folder_ = data_dir_ / "pgaf_trial";
        make_directory(folder_);
        sockets_.emplace(folder_);
    } catch (const HelperError &) {
        std::error_code ignored;
        fs::remove_all(data_dir_, ignored);
        throw;
    }
}

TrialCluster::~TrialCluster() {
    try {
        stop();
    } catch (const std::exception &) {
        // its directory goes in any case, and the server with it
    }
    std::error_code ignored;
    fs::remove_all(data_dir_, ignored);
}

std::optional<std::string> TrialCluster::start(std::vector<std::string> options) {
    options.insert(options.end(), {"-c", "listen_addresses=", "-c", "unix_socket_directories=" + socket_directory(),
                                   "-c", fmt::format("port={}", kPort)});
    const auto log = folder_ / "server.log";
    std::error_code ignored;
    fs::remove(log, ignored);
    const auto outcome = run_program(
        "pg_ctl",
        {"start", "--wait", "--timeout=60", "-D", data_dir_.string(), "-l", log.string(), "-o", shell_line(options)},
        std::chrono::seconds(90));
    running_ = outcome.exit_code == 0;
    if (running_) {
        return std::nullopt;
    }
    return last_lines(fs::exists(log) ? read_file(log) : outcome.output, 3);
}

void TrialCluster::stop() {
    if (running_) {
        running_ = false;
        static_cast<void>(run_program("pg_ctl", {"stop", "--wait", "-m", "fast", "-D", data_dir_.string()},
                                      std::chrono::seconds(60)));
    }
}

Connection TrialCluster::connect(const std::string &dbname) const {
    return Connection(fmt::format("host={} port={} user={} dbname={}", quote_conninfo(socket_directory()), kPort,
                                  quote_conninfo(superuser_), quote_conninfo(dbname)));
}

Outcome TrialCluster::run_program(const std::string &program, std::vector<std::string> arguments,
                                  std::chrono::seconds limit, std::vector<std::string> environment) const {
    arguments.insert(arguments.begin(), (bindir_ / program).string());
    return run({.argv = std::move(arguments),
                .environment = std::move(environment),
                .time_limit = limit,
                .directory = folder_});
}

}  // namespace pgaf
