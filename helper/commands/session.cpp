#include "commands/session.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include "monitor/monitor.hpp"
#include "node/service.hpp"
#include "runner/host_workplace.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"
#include "system/leftovers.hpp"
#include "system/lock.hpp"
#include "system/log.hpp"
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

// Root says which unit is this node's, and refuses here what it would refuse in the switch.
void find_unit(Node &node) {
    if (node.options.service != Service::kNone) {
        node.options.service = node.options.privileges->ask(privileged::Verb::Find);
    }
}

}  // namespace

ExitCode in_session(const Options &options, const std::function<ExitCode(Runner &)> &work) {
    Node node(options);
    find_unit(node);
    refuse_wrong_bindir(node);
    if (!std::filesystem::exists(node.work_dir())) {
        Monitor(node).require();  // a refusal leaves nothing behind
        make_directory(node.work_dir());
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
    outlive_terminal();
    set_fault_folder(node.work_dir());
    mark_children_of(node.work_dir());
    log_into(node.log("pgaf-upgrade"));
    end_leftovers();

    Journal journal(node.work_dir() / "journal");
    ProgressView view;
    try {
        Runner runner({.nodeid = node.nodeid,
                       .work_dir = node.work_dir(),
                       .once = options.once,
                       .wait_limit = std::chrono::seconds(options.wait_limit_s)},
                      journal, view, [&] { return std::make_unique<HostWorkplace>(node, journal); });
        return work(runner);
    } catch (const PgError &error) {
        if (options.once && error.connection_lost() && journal.last_plan().has_value()) {
            view.note(fmt::format("nothing is done now: {}", error.what()));
            return ExitCode::Done;  // the next time; the monitor may be under upgrade itself
        }
        throw;
    }
}

}  // namespace pgaf
