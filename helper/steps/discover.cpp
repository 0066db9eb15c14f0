#include "steps/steps.hpp"

#include "controldata.hpp"

namespace pgaf {

nlohmann::json Discover::perform(const Context &context) const {
    const auto &node = context.node;
    const auto found = Installation::find(node, context.target());
    const auto control = read_controldata(found.old_bindir, node.data_dir, node.owner);
    return {{"source_version", found.source},
            {"old_bindir", found.old_bindir.string()},
            {"new_bindir", found.new_bindir.string()},
            {"new_autoctl", found.new_autoctl.string()},
            {"unit", found.unit},
            {"old_sysidentifier", std::to_string(control.system_identifier)},
            {"pgdata", node.pgdata.string()},
            {"data_directory", node.data_dir.string()}};
}

}  // namespace pgaf
