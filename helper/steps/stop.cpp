#include "steps/steps.hpp"

#include <fmt/format.h>

#include "controldata.hpp"
#include "service.hpp"

namespace pgaf {

nlohmann::json Stop::perform(const Context &context) const {
    const auto &node = context.node;
    const auto installation = Installation::from(context.journal);
    auto result = nlohmann::json::object();
    // what a standby or a monitor carries is listed while its server still runs; a primary's is known
    if (context.role() != Role::Primary && node.running_server()) {
        result["files"] = list_files_to_carry(context);
    } else if (context.role() != Role::Primary) {
        result["files"] =
            context.journal.result(context.role() == Role::Monitor ? "configure" : "enter_maintenance").at("files");
    }
    Service(installation.unit).stop();
    const auto control = read_controldata(installation.old_bindir, node.data_dir, node.owner);
    const auto *const expected = context.role() == Role::Secondary ? "shut down in recovery" : "shut down";
    if (node.running_server() || control.state != expected) {
        throw HelperError(ExitCode::StepFailed,
                          fmt::format("the server in \"{}\" is \"{}\" after its service was stopped, not \"{}\"",
                                      node.pgdata.string(), control.state, expected),
                          fmt::format("Start {} again, see why it does not stop cleanly, and run pgaf-upgrade again.",
                                      installation.unit));
    }
    result["checkpoint_location"] = control.checkpoint_location;
    result["timeline"] = control.timeline;
    return result;
}

}  // namespace pgaf
