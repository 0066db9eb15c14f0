#include "steps/steps.hpp"

#include "process.hpp"
#include "upgrade/pg_upgrade.hpp"

namespace pgaf {

// pg_upgrade writes the script only where an extension has a newer version.
nlohmann::json UpdateExtensions::perform(const Context &context) const {
    const auto script = scratch_dir(context) / "update_extensions.sql";
    const auto server = context.node.running_server();
    if (!std::filesystem::exists(script) || !server) {
        return {{"updated", false}};
    }
    run_checked({.argv = {(Installation::from(context.journal).new_bindir / "psql").string(), "-X", "-h", server->first,
                          "-p", std::to_string(server->second), "-U",
                          context.journal.result("initdb").at("superuser").get<std::string>(), "-d", "postgres", "-v",
                          "ON_ERROR_STOP=1", "-f", script.string()},
                 .run_as = context.node.owner,
                 .time_limit = std::chrono::hours(1),
                 .directory = context.node.work_dir(),
                 .log = context.node.log("update_extensions")});
    return {{"updated", true}};
}

}  // namespace pgaf
