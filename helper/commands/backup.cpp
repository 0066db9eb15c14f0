#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "commands/commands.hpp"
#include "monitor/monitor.hpp"
#include "postgres/controldata.hpp"
#include "run/data_size.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"
#include "system/leftovers.hpp"
#include "system/lock.hpp"
#include "system/process.hpp"
#include "system/units.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr const char *kUnfinished = ".unfinished";

// A backup bears this only when it has been proved.
struct Place {
    fs::path folder;  // of all backups
    std::string label;

    [[nodiscard]] fs::path finished() const { return folder / label; }
    [[nodiscard]] fs::path unfinished() const { return folder / (label + kUnfinished); }
    // Beside it, since the links to them must not change when it gets its name.
    [[nodiscard]] fs::path tablespaces() const { return folder / (label + "_tablespaces"); }
};

std::string name_of(const Node &node) {
    return node.nodeid == 0 ? "monitor" : fmt::format("node_{}", node.nodeid);
}

// Made where it does not exist, in a directory that does.
fs::path folder_for(const Node &node) {
    const auto &wanted = node.options.backup_to;
    if (wanted.empty()) {
        auto folder = node.beside("_backups");
        make_directory(folder);
        return folder;
    }
    const auto parent = wanted.is_absolute() ? wanted : fs::current_path() / wanted;
    std::error_code error;
    auto folder = fs::weakly_canonical(parent, error);
    if (error || (!fs::exists(folder) && !fs::exists(folder.parent_path()))) {
        throw HelperError(ExitCode::Usage, fmt::format("\"{}\" does not exist", folder.parent_path().string()),
                          "Make it, or choose another directory with --to.");
    }
    if (fs::exists(folder) && !fs::is_directory(folder)) {
        throw HelperError(ExitCode::Usage, fmt::format("\"{}\" is not a directory", folder.string()),
                          "Choose a directory with --to.");
    }
    if ((folder.string() + "/").starts_with(node.data_dir.string() + "/")) {
        throw HelperError(ExitCode::Usage, fmt::format("\"{}\" is inside the data directory", folder.string()),
                          "Choose a directory elsewhere with --to, best on another disk.");
    }
    if (!fs::exists(folder)) {
        make_directory(folder);
    }
    return folder;
}

// Where the backup that is being taken will be: a folder may hold those of other hosts and clusters as well,
// and nobody else's is touched.
fs::path note_of(const Node &node) {
    return node.work_dir() / "unfinished_backup";
}

// What an attempt of this node that did not end has left.
void remove_unfinished(const Node &node) {
    const auto note = note_of(node);
    if (!fs::exists(note)) {
        return;
    }
    const fs::path finished = read_file(note);
    const Place place{finished.parent_path(), finished.filename().string()};
    if (fs::exists(place.unfinished())) {
        fmt::print("removing what is left of a backup that did not end: {}\n", place.unfinished().string());
        fs::remove_all(place.tablespaces());
        fs::remove_all(place.unfinished());
    }
    fs::remove(note);
}

void require_room(const fs::path &folder, std::uint64_t bytes) {
    struct statvfs status{};
    if (::statvfs(folder.c_str(), &status) != 0) {
        return;
    }
    if (const std::uint64_t there = status.f_bavail * status.f_frsize; there < bytes) {
        throw HelperError(ExitCode::Refused,
                          fmt::format("\"{}\" has room for {} MB, and the backup takes {} MB", folder.string(),
                                      there / kMegabyte, bytes / kMegabyte + 1),
                          "Make room there, or choose another directory with --to.");
    }
}

// "=" parts the two directories of a mapping.
std::string escaped(const std::string &path) {
    std::string text;
    for (const char character : path) {
        text += character == '=' ? std::string("\\=") : std::string(1, character);
    }
    return text;
}

// As the owner of PGDATA; ctrl-C ends it.
void perform(const Node &node, const std::string &program, std::vector<std::string> arguments,
             std::chrono::seconds limit) {
    const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
    arguments.insert(arguments.begin(), (node.config.pg_ctl.parent_path() / program).string());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(limit * node.options.limit_factor);
    run_checked({.argv = std::move(arguments),
                 .time_limit = seconds,
                 .directory = node.work_dir(),
                 .ends_when_asked = true,
                 .log = node.log("backup"),
                 .on_progress = [&](const std::string &line) {
                     if (is_terminal) {
                         fmt::print(stderr, "\r\033[K{}", line);
                     }
                 }});
    if (is_terminal) {
        fmt::print(stderr, "\r\033[K");
    }
}

std::vector<std::string> base_backup_arguments(const Node &node, Connection &server, const Place &place) {
    const auto address = node.running_server();
    std::vector<std::string> arguments{"--host=" + address->first,
                                       fmt::format("--port={}", address->second),
                                       "--username=" + server.single("SELECT current_user"),
                                       "--pgdata=" + place.unfinished().string(),
                                       "--label=" + place.label,
                                       "--format=plain",
                                       "--wal-method=stream",
                                       "--checkpoint=fast",
                                       "--manifest-checksums=SHA256",
                                       "--progress",
                                       "--no-password"};
    if (node.config.maximum_backup_rate_mb > 0) {
        arguments.push_back(fmt::format("--max-rate={}M", node.config.maximum_backup_rate_mb));
    }
    const auto tablespaces = server.query(
        "SELECT oid, pg_catalog.pg_tablespace_location(oid) AS location FROM pg_catalog.pg_tablespace"
        " WHERE pg_catalog.pg_tablespace_location(oid) <> ''");
    if (tablespaces.size() > 0) {
        make_directory(place.tablespaces());
    }
    for (int row = 0; row < tablespaces.size(); ++row) {
        arguments.push_back(fmt::format("--tablespace-mapping={}={}", escaped(tablespaces.text(row, "location")),
                                        escaped((place.tablespaces() / tablespaces.text(row, "oid")).string())));
    }
    return arguments;
}

// Taken, proved, and only then named as a backup. All of it is on the disk when this returns.
void take(const Node &node, const Place &place, const DataSize &size) {
    auto server = node.connect_locally();
    write_file(note_of(node), place.finished().string());
    make_directory(place.unfinished());
    const auto limit = base_backup_limit(size, node.config.maximum_backup_rate_mb);
    fmt::print("taking {}\n", place.finished().string());
    std::fflush(stdout);
    {
        const FaultWatch watch("backup", "middle", std::chrono::milliseconds(300));
        perform(node, "pg_basebackup", base_backup_arguments(node, server, place), limit);
    }
    fault_point("backup", "taken");
    fmt::print("proving it: pg_verifybackup, with the WAL by pg_waldump\n");
    std::fflush(stdout);
    perform(node, "pg_verifybackup", {place.unfinished().string()}, limit);
    rename_durably(place.unfinished(), place.finished());
    fault_point("backup", "renamed");
}

// Under the lock of this node.
ExitCode take_and_record(const Node &node, Monitor &monitor) {
    const auto measured = measure_data(node);
    const auto size = data_size(measured);
    const auto folder = folder_for(node);
    remove_unfinished(node);
    const auto control = read_controldata(node.config.pg_ctl.parent_path(), node.data_dir);
    require_room(folder, size.bytes + 4 * control.wal_segment_size);

    const auto taken_at = monitor.now();
    const Place place{folder, fmt::format("{}_{}", name_of(node), taken_at.label)};
    if (fs::exists(place.finished()) || fs::exists(place.unfinished()) || fs::exists(place.tablespaces())) {
        throw HelperError(ExitCode::Refused, fmt::format("\"{}\" exists already", place.finished().string()),
                          "Try again: the name has the time in it.");
    }
    try {
        take(node, place, size);
    } catch (...) {
        remove_unfinished(node);
        throw;
    }
    fs::remove(note_of(node));
    const auto location = fmt::format("{}:{}", host_name(), place.finished().string());
    try {
        monitor.record_backup(place.label, taken_at.text, location);
    } catch (const HelperError &error) {
        throw HelperError(
            error.code(),
            fmt::format("the backup \"{}\" is whole, but was not recorded: {}", place.finished().string(),
                        error.what()),
            fmt::format("On the monitor: SELECT pgaf_upgrade_record_backup('{}', 'pg_basebackup', '{}', node => '{}', "
                        "location => '{}', verified_at => now());",
                        place.label, taken_at.text, node.nodeid == 0 ? "monitor" : std::to_string(node.nodeid),
                        location));
    }
    fmt::print("backup {} of {} MB is recorded on the monitor as verified\n", place.label, size.bytes / kMegabyte + 1);
    return ExitCode::Done;
}

}  // namespace

ExitCode command_backup(const Options &options) {
    const Node node(options);
    Monitor monitor(node);
    monitor.require();  // a refusal leaves nothing behind
    static_cast<void>(node.connect_locally());
    make_directory(node.work_dir());
    const Lock lock(node.work_dir() / "backup.lock");
    if (!lock.taken()) {
        throw HelperError(ExitCode::Refused, "another pgaf-upgrade backup runs for this node", "Let it go on.");
    }
    hold_signals();
    set_fault_folder(node.work_dir());
    mark_children_of(node.work_dir() / "backup");  // not those of pgaf-upgrade run, which may be at work
    end_leftovers();
    return take_and_record(node, monitor);
}

}  // namespace pgaf
