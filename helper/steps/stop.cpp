#include "steps/steps.hpp"

#include <fmt/format.h>

#include "controldata.hpp"
#include "process.hpp"
#include "service.hpp"

namespace pgaf {

namespace {

// systemd's SIGTERM goes to every process of the unit at once: Postgres takes it as a smart shutdown,
// which waits for its clients, and it may meet the pg_ctl with which pg_autoctl was about to end that.
// What still runs when TimeoutStopSec is over is killed. So the server is told here, from outside.
void stop_service_and_server(const Context &context, const Installation &installation) {
    const auto &node = context.node;
    const Service service(installation.unit);
    service.begin_stop();
    if (node.running_server()) {
        // it may be gone before pg_ctl looks: what came of it is read from pg_control
        (void) run({.argv = {(installation.old_bindir / "pg_ctl").string(), "stop", "--mode=fast", "--wait",
                             "--timeout=1800", "-D", node.pgdata.string()},
                    .run_as = node.owner,
                    .time_limit = std::chrono::minutes(31),
                    .log = node.log("pg_ctl")});
    }
    service.stop();
}

}  // namespace

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
    stop_service_and_server(context, installation);
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
