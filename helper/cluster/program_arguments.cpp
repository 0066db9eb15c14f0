#include "cluster/program_arguments.hpp"

#include <fmt/format.h>

#include "cluster/private_files.hpp"

namespace pgaf {

namespace {

// What pg_basebackup would take for the end of the first name.
std::string escaped(const std::filesystem::path &path) {
    std::string text;
    for (const char character : path.string()) {
        text += character == '=' ? std::string("\\=") : std::string(1, character);
    }
    return text;
}

}  // namespace

std::vector<std::string> pg_upgrade_arguments(const Installation &installation, const PgUpgradeCall &call) {
    std::vector<std::string> new_options = call.new_options;
    if (call.mode == UpgradeMode::Check) {
        // pg_upgrade turns these off, and flushes the new cluster at the end of a real run only: after a power
        // cut what this start wrote would be missing in a cluster that is taken for whole
        new_options.insert(new_options.end(), {"-c", "fsync=on", "-c", "full_page_writes=on"});
    }
    return {(installation.new_bindir / "pg_upgrade").string(),
            "--old-datadir=" + call.old_dir.string(),
            "--new-datadir=" + call.new_dir.string(),
            "--old-bindir=" + installation.old_bindir.string(),
            "--new-bindir=" + installation.new_bindir.string(),
            "--username=" + call.superuser,
            "--socketdir=" + call.socket_directory,
            fmt::format("--jobs={}", call.jobs),
            "--" + call.method,
            "--new-options=" + for_pg_upgrade(new_options),
            "--old-options=" + for_pg_upgrade(call.old_options),
            call.mode == UpgradeMode::Check ? "--check" : "--no-sync"};
}

std::vector<std::string> flush_arguments(const Installation &installation, const std::filesystem::path &new_dir) {
    return {(installation.new_bindir / "initdb").string(), "--sync-only", "--sync-method=syncfs", "-D",
            new_dir.string()};
}

std::vector<std::string> base_backup_arguments(const Node &node, const Installation &installation,
                                               const std::string &conninfo,
                                               const std::vector<TablespaceMapping> &mappings) {
    std::vector<std::string> argv{(installation.new_bindir / "pg_basebackup").string(),
                                  "--dbname=" + conninfo,
                                  "--pgdata=" + node.data_dir.string(),
                                  "--wal-method=stream",
                                  "--checkpoint=fast",
                                  "--progress",
                                  "--no-password",
                                  "--slot=" + autoctl::replication_slot_of(node.nodeid)};
    if (node.config.maximum_backup_rate_mb > 0) {
        argv.push_back(fmt::format("--max-rate={}M", node.config.maximum_backup_rate_mb));
    }
    for (const auto &[from, to] : mappings) {
        argv.push_back(fmt::format("--tablespace-mapping={}={}", escaped(from), escaped(to)));
    }
    return argv;
}

std::vector<std::string> start_arguments(const Node &node, const std::filesystem::path &bindir,
                                         std::chrono::seconds limit, const std::filesystem::path &log) {
    return {(bindir / "pg_ctl").string(), "start", "--wait", fmt::format("--timeout={}", limit.count()), "-D",
            node.pgdata.string(), "-l", log.string(), "-o",
            // quoted for the shell that pg_ctl starts the server by: "*" is not a pattern
            fmt::format("-p {} -h '{}'", node.config.port, node.config.listen_addresses)};
}

}  // namespace pgaf
