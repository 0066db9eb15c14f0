#include "commands/session.hpp"

#include <unistd.h>

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include "system/fault.hpp"
#include "system/files.hpp"
#include "system/leftovers.hpp"
#include "system/lock.hpp"
#include "system/process.hpp"
#include "view/progress_view.hpp"

namespace pgaf {

namespace {

// What would fail in the first step is said before anything is begun.
void refuse_wrong_bindir(const Node &node) {
    if (node.options.new_bindir.empty()) {
        return;
    }
    if (::access((node.options.new_bindir / "pg_upgrade").c_str(), X_OK) != 0) {
        throw HelperError(ExitCode::Usage, fmt::format("\"{}\" has no pg_upgrade", node.options.new_bindir.string()),
                          "Name the directory of the target's programs with --new-bindir.");
    }
}

// Services are stopped and started by systemd, units written below /etc: a step would fail in its middle.
void refuse_without_root(const Node &node) {
    if (::geteuid() != 0) {
        throw HelperError(ExitCode::Refused,
                          fmt::format("user \"{}\" may not stop and start services", node.owner.name),
                          fmt::format("Run it by sudo: \"{} ALL=(root) NOPASSWD: /usr/bin/pgaf-upgrade\" in "
                                      "/etc/sudoers.d allows that, then sudo pgaf-upgrade run.",
                                      node.owner.name));
    }
}

}  // namespace

ExitCode in_session(const Options &options, const std::function<ExitCode(Runner &)> &work) {
    const Node node(options);
    refuse_without_root(node);
    refuse_wrong_bindir(node);
    if (!std::filesystem::exists(node.work_dir())) {
        Monitor(node).require();  // a refusal leaves nothing behind
        make_directory(node.work_dir(), node.owner);
    }
    // the monitor's lease guards against other hosts
    const Lock lock(node.work_dir() / "lock");
    if (!lock.taken()) {
        throw HelperError(
            ExitCode::Refused, "another pgaf-upgrade runs for this node",
            "Let it go on, or stop it first (ctrl-C). To roll back while helpers run, on the monitor: SELECT "
            "pgaf_upgrade_rollback(run, 'reason').");
    }
    node.keep_config();
    hold_signals();
    set_fault_folder(node.work_dir());
    mark_children_of(node.work_dir());
    auto log = spdlog::basic_logger_mt("pgaf-upgrade", node.log("pgaf-upgrade").string());
    log->flush_on(spdlog::level::info);
    spdlog::set_default_logger(log);
    end_leftovers();

    Journal journal(node.work_dir() / "journal", node.owner);
    ProgressView view;
    try {
        Runner runner(node, journal, view);
        return work(runner);
    } catch (const PgError &error) {
        if (options.once && error.connection_lost() && journal.last_plan()) {
            view.note(fmt::format("nothing is done now: {}", error.what()));
            return ExitCode::Done;  // the next time; the monitor may be under upgrade itself
        }
        throw;
    }
}

}  // namespace pgaf
