#include "steps/steps.hpp"

#include <algorithm>
#include <iterator>

#include "fault.hpp"
#include "process.hpp"
#include "upgrade/data_size.hpp"

namespace pgaf {

// pg_upgrade carries over no statistics. In stages: rough ones soon, so that no plan is made without any.
nlohmann::json Statistics::perform(const Context &context) const {
    std::vector<std::string> argv{(Installation::from(context.journal).new_bindir / "vacuumdb").string(), "--all",
                                  "--analyze-in-stages"};
    std::ranges::copy(context.server_arguments(), std::back_inserter(argv));
    const FaultWatch watch("statistics", "middle", std::chrono::milliseconds(200));
    run_checked({.argv = std::move(argv),
                 .run_as = context.node.owner,
                 .time_limit = context.limit(statistics_limit(data_size(context))),
                 .directory = context.node.work_dir(),
                 .log = context.node.log("statistics")});
    return nlohmann::json::object();
}

}  // namespace pgaf
