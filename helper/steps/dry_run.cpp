#include "steps/steps.hpp"

#include "upgrade/pg_upgrade.hpp"

namespace pgaf {

nlohmann::json DryRun::perform(const Context &context) const {
    run_pg_upgrade(context, UpgradeMode::Check);
    return {{"log", context.node.log("dry_run").string()}};
}

}  // namespace pgaf
