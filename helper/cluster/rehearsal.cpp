#include "cluster/rehearsal.hpp"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "cluster/program_arguments.hpp"
#include "core/step_names.hpp"
#include "run/sessions.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"
#include "system/leftovers.hpp"
#include "system/process.hpp"
#include "system/processor_wait.hpp"
#include "system/shell.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kLookAtRecovery{100};

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// What was started ends, whatever happens in between.
class AtEnd {
  public:
    explicit AtEnd(std::function<void()> work) : work_(std::move(work)) {}
    ~AtEnd() { with_errors_logged("a server of the rehearsal stays", work_); }
    AtEnd(const AtEnd &) = delete;
    AtEnd &operator=(const AtEnd &) = delete;

  private:
    std::function<void()> work_;
};

class Rehearsal {
  public:
    Rehearsal(const Node &node, const Installation &installation, TrialCluster &cluster, const PrivateFiles &files,
              const RehearsalCall &call)
        : node_(node), installation_(installation), cluster_(cluster), files_(files), call_(call) {}

    Rehearsed carry_out() {
        Rehearsed done;
        call_.say("copying the catalogs");
        auto started = Clock::now();
        done.copy = take_hollow_copy(node_, cluster_.folder() / "old");
        done.copy_s = seconds_since(started);
        call_.say("recovering the copy");
        started = Clock::now();
        recover(done.copy.data_dir);
        done.recovery_s = seconds_since(started);
        started = Clock::now();
        ProcessorWait wait(cluster_.data_dir());
        upgrade(done);
        done.pg_upgrade_s = seconds_since(started);
        done.disturbed_s = std::min(wait.seconds(), done.pg_upgrade_s);
        return done;
    }

  private:
    // The copy is of a moment at which transactions were on their way. pg_upgrade takes none that is prepared: they
    // come and go, and the check prepared_transactions tells of those that stay.
    void recover(const fs::path &data_dir) {
        auto options = files_.options(Side::Old, data_dir);
        options.insert(options.end(), {"-c", "unix_socket_directories=" + cluster_.socket_directory(), "-c",
                                       fmt::format("port={}", TrialCluster::kPort), "-c", "ignore_invalid_pages=on",
                                       "-c", "fsync=off", "-c", "full_page_writes=off"});
        const auto log = cluster_.folder() / "recovery.log";
        const auto limit = call_.limit.count();
        const auto started = pg_ctl({"start", "--wait", fmt::format("--timeout={}", limit), "-D", data_dir.string(),
                                     "-l", log.string(), "-o", shell_line(options)});
        const AtEnd ends_in_any_case([&] { static_cast<void>(stop(data_dir, "immediate")); });
        if (started.exit_code != 0) {
            throw HelperError(ExitCode::StepFailed,
                              fmt::format("the copy of the catalogs does not recover: {}",
                                          last_lines(fs::exists(log) ? text_of(log) : started.output, 4)));
        }
        wait_for_end_of_recovery();
        with_errors_logged("prepared transactions stay in the copy", [this] { roll_back_prepared(); });
        if (const auto stopped = stop(data_dir, "fast"); stopped.exit_code != 0) {
            throw HelperError(ExitCode::StepFailed,
                              fmt::format("the server on the copy does not stop: {}", last_lines(stopped.output, 4)));
        }
    }

    // pg_ctl waits until the server lets in those who only read.
    void wait_for_end_of_recovery() const {
        const auto deadline = Clock::now() + call_.limit;
        auto server = cluster_.connect();
        while (server.single("SELECT pg_catalog.pg_is_in_recovery()") == "t") {
            if (Clock::now() > deadline) {
                throw HelperError(ExitCode::TimedOut, "the copy of the catalogs has not recovered in time");
            }
            std::this_thread::sleep_for(kLookAtRecovery);
        }
    }

    void roll_back_prepared() const {
        auto server = cluster_.connect();
        const auto prepared = server.query("SELECT gid, database FROM pg_catalog.pg_prepared_xacts");
        for (int row = 0; row < prepared.size(); ++row) {
            cluster_.connect(prepared.text(row, "database"))
                .query("ROLLBACK PREPARED " + quote_literal(prepared.text(row, "gid")));
        }
    }

    Outcome stop(const fs::path &data_dir, const std::string &mode) {
        return pg_ctl(
            {"stop", "--wait", fmt::format("--timeout={}", call_.limit.count()), "-m", mode, "-D", data_dir.string()});
    }

    Outcome pg_ctl(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), (installation_.old_bindir / "pg_ctl").string());
        return run({.argv = std::move(arguments),
                    .time_limit = call_.limit + std::chrono::seconds(30),
                    .directory = cluster_.folder()});
    }

    void upgrade(Rehearsed &done) {
        const PgUpgradeCall arguments{.mode = UpgradeMode::Real,
                                      .old_dir = done.copy.data_dir,
                                      .new_dir = cluster_.data_dir(),
                                      .superuser = cluster_.superuser(),
                                      .socket_directory = cluster_.socket_directory(),
                                      .method = call_.method,
                                      .old_options = files_.options(Side::Old, done.copy.data_dir),
                                      .new_options = files_.options(Side::New, cluster_.data_dir()),
                                      .jobs = jobs_for(std::thread::hardware_concurrency(), files_.max_connections())};
        const auto log = cluster_.folder() / "pg_upgrade.log";
        const FaultWatch restoring(steps::kRehearse, "middle", log, "Restoring database schemas");
        PgUpgradeParts looking(log);
        const AtEnd ends_in_any_case([this] { end_processes_in(cluster_.data_dir()); });
        const auto outcome = run({.argv = pg_upgrade_arguments(installation_, arguments),
                                  .environment = {"PGOPTIONS=" + private_session_options(installation_.source)},
                                  .time_limit = call_.limit,
                                  .directory = cluster_.folder(),
                                  .ends_when_asked = true,
                                  .log = log,
                                  .on_progress = call_.say});
        if (outcome.exit_code != 0) {
            done.refusal = last_lines(text_of(log), 8);
            return;
        }
        done.parts = looking.take();
        run_checked({.argv = flush_arguments(installation_, cluster_.data_dir()), .time_limit = call_.limit});
        done.parts.lap("flush the new cluster");
    }

    const Node &node_;
    const Installation &installation_;
    TrialCluster &cluster_;
    const PrivateFiles &files_;
    const RehearsalCall &call_;
};

}  // namespace

Rehearsed rehearse_pg_upgrade(const Node &node, const Installation &installation, TrialCluster &cluster,
                              const PrivateFiles &files, const RehearsalCall &call) {
    return Rehearsal(node, installation, cluster, files, call).carry_out();
}

}  // namespace pgaf
