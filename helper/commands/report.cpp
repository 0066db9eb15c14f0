#include <fmt/format.h>

#include "commands/commands.hpp"
#include "monitor/monitor.hpp"
#include "report/page.hpp"
#include "system/output.hpp"

namespace pgaf {

ExitCode command_report(const Options &options) {
    const Node node(options);
    Monitor monitor(node);
    const auto report = monitor.report(options.run, true);
    if (!report) {
        throw HelperError(ExitCode::Refused, "no upgrade was ever started, and there is nothing to report",
                          fmt::format("On the monitor: SELECT pgaf_upgrade_start({}).", options.target));
    }
    write_output(options.output, report_page(report->run, report->records));
    return ExitCode::Done;
}

}  // namespace pgaf
