#include "node/node.hpp"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "node/server_environment.hpp"
#include "postgres/conninfo.hpp"
#include "postgres/controldata.hpp"
#include "system/error.hpp"
#include "system/files.hpp"
#include "system/process.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

fs::path find_pgdata(const Options &options) {
    if (!options.pgdata.empty()) {
        return options.pgdata;
    }
    const auto known = autoctl::known_pgdatas();
    if (known.size() == 1) {
        return known.front();
    }
    if (known.empty()) {
        throw HelperError(ExitCode::Usage, "found no node of pg_autoctl on this host",
                          "Name its data directory with --pgdata, and run as root or as the directory's owner.");
    }
    std::vector<std::string> names;
    for (const auto &path : known) {
        names.push_back(path.string());
    }
    throw HelperError(ExitCode::Usage, fmt::format("found several nodes on this host: {}", fmt::join(names, ", ")),
                      "Choose one with --pgdata.");
}

// A helper that died while the file system could not exchange two names at once has left PGDATA by a third one. One
// that lives takes a moment for it.
bool settle_what_was_exchanged(const fs::path &pgdata) {
    std::error_code none;
    auto real = pgdata;
    for (int links = 0; fs::is_symlink(real, none) && links < 40; ++links) {
        const auto target = fs::read_symlink(real, none);
        real = target.is_absolute() ? target : real.parent_path() / target;
    }
    for (int looks = 0; looks < 20 && !middle_of_exchange(real).empty(); ++looks) {
        if (fs::exists(real, none)) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    if (middle_of_exchange(real).empty()) {
        return fs::exists(real, none);
    }
    settle_exchange(real);
    return true;
}

std::vector<std::string> environment_of_programs(const Node &node) {
    auto environment = for_programs(server_environment(node));
    const auto bindir = node.config.pg_ctl.parent_path();
    try {
        const auto new_bindir = node.bindir_of_target(bindir, major_of(node.data_dir), node.options.target);
        for (auto &variable : environment) {
            variable = with_directories_of(variable, bindir, new_bindir);
        }
    } catch (const HelperError &) {
        // of other layouts nothing is known
    }
    return environment;
}

}  // namespace

Node::Node(const Options &given) : pgdata(find_pgdata(given).lexically_normal()), options(given) {
    std::error_code error;
    data_dir = fs::canonical(pgdata, error);
    if (error && settle_what_was_exchanged(pgdata)) {
        data_dir = fs::canonical(pgdata, error);
    }
    if (error) {
        throw HelperError(ExitCode::Usage, fmt::format("could not access \"{}\": {}", pgdata.string(), error.message()),
                          "Name the node's data directory with --pgdata.");
    }
    if (!pgdata.has_filename()) {
        pgdata = pgdata.parent_path();
    }
    owner = owner_of(data_dir);
    if (::geteuid() != owner.uid) {
        throw HelperError(
            ExitCode::Refused, fmt::format("\"{}\" belongs to {}", pgdata.string(), owner.name),
            fmt::format("Run pgaf-upgrade as {0}, or as root with users = {0} in /etc/pgaf-upgrade.conf.", owner.name));
    }
    // libpq looks for certificates and passwords there, as pg_autoctl's does
    ::setenv("HOME", owner.home.c_str(), 1);
    paths = autoctl::paths_of(pgdata);
    if (fs::exists(kept_config()) && fs::exists(paths.config) && fs::is_empty(paths.config)) {
        write_file(paths.config, read_file(kept_config()));
    }
    config = autoctl::read_config(paths.config);
    if (!config.is_monitor) {
        nodeid = autoctl::read_state(paths.state).node_id;
    }
    set_program_environment(environment_of_programs(*this));
}

Node::Node(const Options &given, Owner its_owner, autoctl::Paths its_paths)
    : pgdata(given.pgdata),
      data_dir(given.pgdata),
      owner(std::move(its_owner)),
      paths(std::move(its_paths)),
      options(given) {}

void Node::keep_config() const {
    const auto text = read_file(paths.config);
    if (!text.empty() && !(fs::exists(kept_config()) && read_file(kept_config()) == text)) {
        write_file(kept_config(), text);
    }
}

fs::path Node::beside(const std::string &suffix) const {
    return data_dir.string() + suffix;
}

std::optional<std::pair<std::string, int>> Node::running_server() const {
    std::istringstream file(text_of(data_dir / "postmaster.pid"));
    std::string pid;
    std::string directory;
    std::string started;
    std::string port;
    std::string socket;
    if (!std::getline(file, pid) || !std::getline(file, directory) || !std::getline(file, started) ||
        !std::getline(file, port) || !std::getline(file, socket)) {
        return std::nullopt;
    }
    // One that a crash has left names a process that is gone, or after a boot one of something else.
    std::string name;
    std::getline(std::ifstream(fmt::format("/proc/{}/comm", std::atoi(pid.c_str()))), name);
    std::error_code unreadable;
    const auto works_in = fs::read_symlink(fmt::format("/proc/{}/cwd", std::atoi(pid.c_str())), unreadable);
    if (name != "postgres" || (!unreadable && works_in != data_dir)) {
        return std::nullopt;
    }
    return std::pair{socket, std::atoi(port.c_str())};
}

bool Node::is_server_stopping() const {
    constexpr int kStatus = 8;  // the line of postmaster.pid
    std::istringstream file(text_of(data_dir / "postmaster.pid"));
    std::string line;
    for (int number = 0; number < kStatus && std::getline(file, line); ++number) {
    }
    return line.starts_with("stopping") && running_server().has_value();
}

Connection Node::connect_locally(const std::string &dbname) const {
    const auto server = running_server();
    if (!server) {
        throw HelperError(ExitCode::StepFailed, fmt::format("no server runs in \"{}\"", pgdata.string()));
    }
    // a monitor's cfg names the roles of its clients; there the owner is the superuser
    const auto user = config.is_monitor || config.username.empty() ? owner.name : config.username;
    return Connection(fmt::format("host={} port={} user={} dbname={}", quote_conninfo(server->first), server->second,
                                  quote_conninfo(user), quote_conninfo(dbname)));
}

std::string Node::with_files_found(const std::string &conninfo) const {
    return with_files_in(conninfo, {pgdata, data_dir}, [this](const fs::path &name) {
        std::error_code none;
        const bool is_away = !fs::exists(data_dir / name, none) && fs::exists(kept_files() / name, none);
        return is_away ? kept_files() / name : fs::path();
    });
}

std::string Node::monitor_conninfo() const {
    if (!config.is_monitor) {
        return with_files_found(config.monitor_uri);
    }
    // What runs there between two clusters is pg_upgrade's own, which waits for every session to end.
    if (fs::exists(guard_flag())) {
        throw PgError(ExitCode::NoMonitor, fmt::format("\"{}\" is between two clusters", pgdata.string()), "", "");
    }
    const auto server = running_server();
    if (!server) {
        throw PgError(ExitCode::NoMonitor, fmt::format("no server runs in \"{}\"", pgdata.string()), "", "");
    }
    return fmt::format("host={} port={} user={} dbname=pg_auto_failover", quote_conninfo(server->first), server->second,
                       quote_conninfo(owner.name));
}

fs::path Node::bindir_of_target(const fs::path &current, int source, int target) const {
    if (!options.new_bindir.empty()) {
        return options.new_bindir;
    }
    auto text = current.string();
    const auto from = std::to_string(source);
    const auto at = text.rfind(from);
    if (at == std::string::npos) {
        throw HelperError(ExitCode::Usage,
                          fmt::format("could not tell where the programs of PostgreSQL {} are", target),
                          "Name their directory with --new-bindir.");
    }
    return text.replace(at, from.size(), std::to_string(target));
}

}  // namespace pgaf
