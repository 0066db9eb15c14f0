#include "steps/steps.hpp"

#include "process.hpp"

namespace pgaf {

// pg_upgrade carries over no statistics. In stages: rough ones soon, so that no plan is made without any.
nlohmann::json Statistics::perform(const Context &context) const {
    const auto server = context.node.running_server();
    if (!server) {
        throw HelperError(ExitCode::StepFailed, "no server runs to gather the statistics of");
    }
    run_checked({.argv = {(Installation::from(context.journal).new_bindir / "vacuumdb").string(), "--all",
                          "--analyze-in-stages", "-h", server->first, "-p", std::to_string(server->second), "-U",
                          context.journal.result("initdb").at("superuser").get<std::string>()},
                 .run_as = context.node.owner,
                 .time_limit = std::chrono::hours(24),
                 .directory = context.node.work_dir(),
                 .log = context.node.log("statistics")});
    return nlohmann::json::object();
}

}  // namespace pgaf
