#include "steps/steps.hpp"

#include <fmt/format.h>

#include "controldata.hpp"
#include "core/sysidentifier.hpp"

namespace pgaf {

nlohmann::json Verify::perform(const Context &context) const {
    const auto &node = context.node;
    auto server = node.connect_locally();
    const auto version = server.single("SHOW server_version");
    const auto major = std::atoi(version.c_str());
    const auto control = read_controldata(Installation::from(context.journal).new_bindir, node.data_dir, node.owner);
    nlohmann::json result{{"server_version", version},
                          {"system_identifier", std::to_string(control.system_identifier)},
                          {"pgautofailover", context.monitor.extension_version()}};
    if (major != context.target()) {
        throw HelperError(ExitCode::StepFailed, fmt::format("the server is at version {}", version));
    }
    if (context.role() == Role::Monitor) {
        return result;
    }
    const auto report = context.monitor.report_of(node.nodeid);
    if (report.sysidentifier != std::to_string(to_bigint(control.system_identifier))) {
        throw HelperError(ExitCode::StepFailed,
                          fmt::format("the monitor has system identifier {}, the node {}", report.sysidentifier,
                                      control.system_identifier),
                          "See pgaf_upgrade_rewrite_sysidentifier.");
    }
    context.wait_until("a stable state", std::chrono::minutes(5), [&] {
        const auto now = context.monitor.report_of(node.nodeid);
        return now.is_stable_in("primary") || now.is_stable_in("secondary") || now.is_stable_in("single");
    });
    result["reported_state"] = context.monitor.report_of(node.nodeid).reported_state;
    return result;
}

}  // namespace pgaf
