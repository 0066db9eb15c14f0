#include "steps/steps.hpp"

#include <fmt/format.h>

#include "controldata.hpp"
#include "files.hpp"
#include "process.hpp"
#include "service.hpp"

namespace pgaf {

namespace {

// "/usr/lib/postgresql/15/bin" everywhere in the unit and its drop-ins becomes the new directory.
nlohmann::json point_unit_at(const Context &context, const Installation &installation) {
    const Service service(installation.unit);
    auto changed = nlohmann::json::array();
    const auto from = installation.old_bindir.string();
    for (const auto &file : service.files()) {
        auto text = read_file(file);
        const auto before = text;
        for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + 1)) {
            text.replace(at, from.size(), installation.new_bindir.string());
        }
        if (text != before) {
            write_file(context.node.work_dir() / fmt::format("{}.pg{}", file.filename().string(), context.source()),
                       before, context.node.owner);
            write_file(file, text, context.node.owner);
            changed.push_back(file.string());
        }
    }
    if (!changed.empty()) {
        Service::reload();
    }
    return changed;
}

}  // namespace

nlohmann::json Reconfigure::perform(const Context &context) const {
    const auto &node = context.node;
    const auto installation = Installation::from(context.journal);
    run_checked({.argv = {installation.new_autoctl.string(), "config", "set", "postgresql.pg_ctl",
                          (installation.new_bindir / "pg_ctl").string(), "--pgdata", node.pgdata.string()},
                 .run_as = node.owner,
                 .directory = node.work_dir(),
                 .log = node.log("pg_autoctl")});
    nlohmann::json result{{"unit_files", point_unit_at(context, installation)}};
    if (context.role() != Role::Monitor) {
        const auto control = read_controldata(installation.new_bindir, node.data_dir, node.owner);
        auto state = autoctl::read_state(node.paths.state);
        state.pg_control_version = control.control_version;
        state.catalog_version = control.catalog_version;
        state.system_identifier = control.system_identifier;
        autoctl::rewrite_state(node.paths.state, state, node.owner);
        result["system_identifier"] = std::to_string(control.system_identifier);
    }
    return result;
}

}  // namespace pgaf
