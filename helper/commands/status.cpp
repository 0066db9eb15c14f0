#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "commands/commands.hpp"
#include "commands/watch.hpp"
#include "monitor/monitor.hpp"
#include "system/output.hpp"
#include "view/prometheus.hpp"
#include "view/screen.hpp"
#include "view/status_json.hpp"
#include "view/terminal.hpp"

namespace pgaf {

namespace {

std::optional<RunRecord> read_run(const Node &node) {
    Monitor monitor(node);
    const auto report = monitor.report(node.options.run, false);
    return report ? std::optional(report->run) : std::nullopt;
}

// A collector is told that the monitor is away, and so is whoever called.
ExitCode print_metrics(const Node &node) {
    try {
        write_output(node.options.output, status_metrics(read_run(node)));
    } catch (const PgError &error) {
        if (error.connection_lost()) {
            write_output(node.options.output, metrics_without_monitor());
        }
        throw;
    }
    return ExitCode::Done;
}

ExitCode code_of(const std::optional<RunRecord> &run) {
    return run && open_warnings(*run) > 0 ? ExitCode::Warnings : ExitCode::Done;
}

// Also after a later run that was aborted: what is left takes room until somebody removes it.
void print_old_clusters(const Node &node, const RunRecord &run) {
    if (!has_ended(run.state)) {
        return;
    }
    static_cast<void>(with_errors_logged(
        "the old clusters are not known",
        [&node] {
            if (const auto left = Monitor(node).old_clusters_left(); left > 0) {
                fmt::print("\nold clusters: {} to clean up, see pgaf-upgrade cleanup --dry-run on each node\n", left);
            }
        },
        true));
}

void print_status(const Node &node, const std::optional<RunRecord> &run, int target) {
    const Terminal terminal;
    if (!run) {
        fmt::print("no upgrade was ever started; on the monitor: SELECT pgaf_upgrade_start({})\n", target);
        return;
    }
    const auto columns = terminal.size().columns;
    terminal.print(draw_screen(*run, run->at, std::nullopt, {.columns = columns, .rows = 0}));
    terminal.print(draw_steps(*run, run->at, columns));
    print_old_clusters(node, *run);
}

}  // namespace

ExitCode command_status(const Options &options) {
    const Node node(options);
    if (options.watch) {
        return watch(node);
    }
    if (options.prometheus) {
        return print_metrics(node);
    }
    const auto run = read_run(node);
    if (options.json) {
        write_output(options.output,
                     status_json(run).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
    } else {
        print_status(node, run, options.target);
    }
    return code_of(run);
}

}  // namespace pgaf
