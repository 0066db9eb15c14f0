#include "steps/steps.hpp"

#include <fmt/format.h>

#include "files.hpp"
#include "upgrade/pg_upgrade.hpp"

namespace pgaf {

nlohmann::json Upgrade::perform(const Context &context) const {
    // pg_upgrade --link renames the old pg_control just before it links: an attempt that came so far and
    // did not end has left a new cluster that is not whole, and an old one that was never touched else.
    const auto disabled = context.node.data_dir / "global/pg_control.old";
    if (std::filesystem::exists(disabled)) {
        throw HelperError(
            ExitCode::StepFailed, "an earlier pg_upgrade was interrupted while it linked the files",
            fmt::format("The old cluster is whole: on this node, rename {} to pg_control and start {} to serve from "
                        "it, then abort the run.",
                        disabled.string(), Installation::from(context.journal).unit));
    }
    run_pg_upgrade(context, UpgradeMode::Real);
    return {{"log", context.node.log("pg_upgrade").string()}};
}

}  // namespace pgaf
