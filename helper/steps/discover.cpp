#include "steps/steps.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include "controldata.hpp"
#include "service.hpp"

namespace pgaf {

nlohmann::json Discover::perform(const Context &context) const {
    const auto &node = context.node;
    const auto source = major_of(node.data_dir);
    const auto old_bindir = node.config.pg_ctl.parent_path();
    const auto new_bindir = node.bindir_of_target(old_bindir, source, context.target());
    auto new_autoctl = new_bindir / "pg_autoctl";
    if (::access(new_autoctl.c_str(), X_OK) != 0) {
        new_autoctl = "/usr/bin/pg_autoctl";  // Debian's packages: one for all majors
    }
    const auto unit = node.options.service.empty() ? Service::unit_of(node.paths.pid) : node.options.service;
    const auto control = read_controldata(old_bindir, node.data_dir, node.owner);
    return {{"source_version", source},
            {"old_bindir", old_bindir.string()},
            {"new_bindir", new_bindir.string()},
            {"new_autoctl", new_autoctl.string()},
            {"unit", unit},
            {"old_sysidentifier", std::to_string(control.system_identifier)},
            {"pgdata", node.pgdata.string()},
            {"data_directory", node.data_dir.string()}};
}

}  // namespace pgaf
