#include "steps/steps.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/sysidentifier.hpp"
#include "postgres/controldata.hpp"
#include "system/fault.hpp"

namespace pgaf {

namespace {

std::string before(const Context &context) {
    return context.journal.result(steps::kDiscover).at("old_sysidentifier");
}

std::uint64_t after(const Context &context) {
    const auto bindir = Installation::from(context.journal).new_bindir;
    return read_controldata(bindir, context.node.data_dir).system_identifier;
}

nlohmann::json identity_of(const Context &context) {
    return {{"before", before(context)}, {"after", std::to_string(after(context))}};
}

}  // namespace

// The monitor changes the whole group in one statement: this node's row tells of all.
Found Identity::probe(const Context &context) const {
    const auto known = context.monitor.report_of(context.node.nodeid).sysidentifier;
    return known == std::to_string(to_bigint(after(context))) ? Found::done(identity_of(context)) : Found{};
}

nlohmann::json Identity::perform(const Context &context) const {
    const auto &self = context.plan.node;
    context.monitor.rewrite_sysidentifier(self.formation, self.group, before(context), std::to_string(after(context)));
    fault_point(steps::kIdentity, "middle");
    return identity_of(context);
}

void Identity::undo(const Context &context) const {
    const auto &self = context.plan.node;
    const auto known = from_bigint(std::stoll(context.monitor.report_of(context.node.nodeid).sysidentifier));
    if (std::to_string(known) != before(context)) {
        context.monitor.rewrite_sysidentifier(self.formation, self.group, std::to_string(known), before(context));
    }
}

}  // namespace pgaf
