#include "steps/steps.hpp"

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

#include "cluster/pg_upgrade.hpp"
#include "system/fault.hpp"
#include "system/process.hpp"

namespace pgaf {

// pg_upgrade writes the script only where an extension has a newer version.
nlohmann::json UpdateExtensions::perform(const Context &context) const {
    fault_point(name(), "middle");
    const auto script = scratch_dir(context) / "update_extensions.sql";
    if (!std::filesystem::exists(script)) {
        return {{"updated", false}};
    }
    std::vector<std::string> argv{(Installation::from(context.journal).new_bindir / "psql").string(),
                                  "-X",
                                  "-d",
                                  "postgres",
                                  "-v",
                                  "ON_ERROR_STOP=1",
                                  "-f",
                                  script.string()};
    std::ranges::copy(context.server_arguments(), std::back_inserter(argv));
    run_checked({.argv = std::move(argv),
                 .time_limit = std::chrono::hours(1),
                 .directory = context.node.work_dir(),
                 .log = context.node.log("update_extensions")});
    return {{"updated", true}};
}

}  // namespace pgaf
