#include "steps/steps.hpp"

#include <fmt/format.h>

#include "controldata.hpp"

namespace pgaf {

nlohmann::json Identity::perform(const Context &context) const {
    const auto &self = context.plan.at("node");
    const auto before = context.journal.result("discover").at("old_sysidentifier").get<std::string>();
    const auto control =
        read_controldata(Installation::from(context.journal).new_bindir, context.node.data_dir, context.node.owner);
    const auto after = std::to_string(control.system_identifier);
    context.monitor.rewrite_sysidentifier(self.at("formation"), self.at("group"), before, after);
    return {{"before", before}, {"after", after}};
}

}  // namespace pgaf
