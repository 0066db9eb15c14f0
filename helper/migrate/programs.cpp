#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

#include "migrate/migration.hpp"
#include "run/limits.hpp"
#include "system/fault.hpp"
#include "system/process.hpp"

namespace pgaf::migrate {

void run_program(const Migration &migration, const std::string &program, std::vector<std::string> arguments,
                 std::uint64_t bytes) {
    const auto &node = migration.node;
    const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
    arguments.insert(arguments.begin(), (node.config.pg_ctl.parent_path() / program).string());
    // indexes are built of the same data, and everything is written twice
    const auto limit = 4 * base_backup_limit({.bytes = bytes, .objects = 0, .shared_buffers = 0}, 0);
    run_checked({.argv = std::move(arguments),
                 .time_limit = std::chrono::duration_cast<std::chrono::seconds>(limit * node.options.limit_factor),
                 .directory = node.work_dir(),
                 .ends_when_asked = true,
                 .log = node.log("migrate"),
                 .on_progress = [&](const std::string &line) {
                     if (is_terminal) {
                         fmt::print(stderr, "\r\033[K{}", line);
                     }
                 }});
    if (is_terminal) {
        fmt::print(stderr, "\r\033[K");
    }
}

void gather_statistics(const Migration &migration) {
    const FaultWatch watch("statistics", "middle", std::chrono::milliseconds(100));
    run_program(migration, "vacuumdb",
                {"--all", "--analyze-only", fmt::format("--jobs={}", migration.options.jobs),
                 "--maintenance-db=" + migration.new_server.conninfo("postgres")},
                0);
}

}  // namespace pgaf::migrate
