#include "cluster/base_backup.hpp"

#include <optional>
#include <thread>

#include <fmt/format.h>

#include "cluster/program_arguments.hpp"
#include "cluster/standby_directory.hpp"
#include "cluster/wal_directory.hpp"
#include "configuration/conf_includes.hpp"
#include "postgres/conninfo.hpp"
#include "run/data_size.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

constexpr int kAttempts = 6;
constexpr std::chrono::seconds kPause{5};
constexpr std::chrono::seconds kAskWhyAfter{60};
constexpr std::chrono::seconds kAskWhyAgain{10};

// Why a primary does not answer, in libpq's own words, when it has not for a while: pg_isready says only that it does
// not.
class Reason {
  public:
    explicit Reason(std::chrono::seconds after) : next_(Clock::now() + after) {}

    void throw_if_late(const std::string &conninfo) {
        if (Clock::now() >= next_) {
            try {
                const Connection connection(conninfo + " replication=true");
                said_.reset();
            } catch (const PgError &error) {
                said_ = error;
            }
            next_ = Clock::now() + kAskWhyAgain;
        }
        if (said_) {
            throw PgError(*said_);
        }
    }

  private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point next_;
    std::optional<PgError> said_;
};

void run_pg_basebackup(const Context &context, const std::string &conninfo) {
    const auto &node = context.node;
    const auto primary = for_program(conninfo);
    auto argv =
        base_backup_arguments(node, Installation::from(context.journal), primary.text, tablespace_mappings(context));
    if (const auto wal = new_wal_directory(context.old_dir(), context.target());
        wal && can_be_wal_directory(context.old_dir(), *wal)) {
        make_wal_directory(*wal);
        argv.push_back("--waldir=" + wal->string());
    }
    run_checked({.argv = std::move(argv),
                 .environment = primary.environment,
                 .time_limit = context.limit(base_backup_limit(data_size(context), node.config.maximum_backup_rate_mb)),
                 .directory = node.work_dir(),
                 .log = node.log("pg_basebackup"),
                 .on_progress = context.say});
}

}  // namespace

std::string replication_conninfo(const Context &context) {
    return context.node.with_files_found(
        last_value_of(read_file(context.old_dir() / "postgresql-auto-failover-standby.conf"), "primary_conninfo"));
}

bool is_primary_ready(const Context &context, const std::string &conninfo) {
    const auto pg_isready = Installation::from(context.journal).new_bindir / "pg_isready";
    const auto primary = for_program(conninfo);
    return run({.argv = {pg_isready.string(), "--quiet", "--dbname=" + primary.text + " replication=true"},
                .environment = primary.environment})
               .exit_code == 0;
}

void wait_for_primary(const Context &context, const std::string &conninfo) {
    const std::chrono::seconds limit(context.node.options.wait_limit_s);
    Reason reason(context.limit(kAskWhyAfter));
    context.wait_until("the primary to accept connections", limit, [&] {
        if (stop_was_asked()) {
            throw HelperError(ExitCode::StepFailed, "stopped by the operator while the primary was away",
                              "Run pgaf-upgrade run again: it goes on where it stopped.");
        }
        const bool is_ready = is_primary_ready(context, conninfo);
        if (!is_ready) {
            reason.throw_if_late(conninfo);
        }
        return is_ready;
    });
}

void take_base_backup(const Context &context, const std::string &conninfo) {
    for (int attempt = 1;; ++attempt) {
        wait_for_primary(context, conninfo);
        remove_partial_standby(context);
        try {
            const FaultWatch watch(steps::kRebuild, "middle", std::chrono::milliseconds(300));
            run_pg_basebackup(context, conninfo);
            bring_in_tablespaces(context);
            return;
        } catch (const HelperError &error) {
            if (attempt == kAttempts || error.code() == ExitCode::TimedOut) {
                throw;
            }
            context.say(fmt::format("again after: {}", error.what()));
        }
        std::this_thread::sleep_for(kPause);
    }
}

}  // namespace pgaf
