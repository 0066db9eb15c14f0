#include "steps/steps.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "node/service.hpp"
#include "postgres/controldata.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"
#include "system/process.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

// The file as it was before, for a rollback. By its whole path: drop-ins of a template and of its instance may
// have one name.
fs::path kept(const Context &context, const fs::path &file) {
    auto name = file.relative_path().string();
    std::ranges::replace(name, '/', '_');
    return context.node.work_dir() / fmt::format("{}.pg{}", name, context.source());
}

void keep(const Context &context, const fs::path &file) {
    write_file(kept(context, file), read_file(file));
}

bool is_cfg_pointed(const Context &context, const Installation &installation) {
    return autoctl::read_config(context.node.paths.config).pg_ctl == installation.new_bindir / "pg_ctl";
}

bool is_state_rewritten(const Context &context, const ControlData &control) {
    const auto state = autoctl::read_state(context.node.paths.state);
    return state.system_identifier == control.system_identifier && state.catalog_version == control.catalog_version &&
           state.pg_control_version == control.control_version;
}

void rewrite_state(const Context &context, const ControlData &control) {
    const auto &path = context.node.paths.state;
    keep(context, path);
    auto state = autoctl::read_state(path);
    state.pg_control_version = control.control_version;
    state.catalog_version = control.catalog_version;
    state.system_identifier = control.system_identifier;
    autoctl::rewrite_state(path, state);
}

nlohmann::json result_of(const Context &context) {
    auto result = nlohmann::json::object();
    // a monitor has no state file
    if (context.role() != Role::Monitor) {
        result["system_identifier"] = std::to_string(autoctl::read_state(context.node.paths.state).system_identifier);
    }
    return result;
}

}  // namespace

Found Reconfigure::probe(const Context &context) const {
    const auto installation = Installation::from(context.journal);
    const Service service(context.node, installation.unit);
    if (!is_cfg_pointed(context, installation)) {
        return {};
    }
    const bool unit_is_pointed = service.is_by_hand() || service.has_programs_of(context.target());
    const bool state_is_rewritten =
        context.role() == Role::Monitor ||
        is_state_rewritten(context, read_controldata(installation.new_bindir, context.node.data_dir));
    return unit_is_pointed && state_is_rewritten ? Found::done(result_of(context)) : Found{Progress::Partial};
}

nlohmann::json Reconfigure::perform(const Context &context) const {
    const auto &node = context.node;
    const auto installation = Installation::from(context.journal);
    const Service service(context.node, installation.unit);
    if (!is_cfg_pointed(context, installation)) {
        keep(context, node.paths.config);
        run_checked({.argv = {installation.new_autoctl.string(), "config", "set", "postgresql.pg_ctl",
                              (installation.new_bindir / "pg_ctl").string(), "--pgdata", node.pgdata.string()},
                     .directory = node.work_dir(),
                     .log = node.log("pg_autoctl")});
    }
    fault_point(steps::kReconfigure, "middle");
    service.use_programs(context.target(), true);
    fault_point(steps::kReconfigure, "unit");
    if (context.role() != Role::Monitor) {
        const auto control = read_controldata(installation.new_bindir, node.data_dir);
        if (!is_state_rewritten(context, control)) {
            rewrite_state(context, control);
        }
    }
    return result_of(context);
}

// To the byte, from what was kept. What was kept goes last, so that an interrupted undo finds it again.
void Reconfigure::undo(const Context &context) const {
    const auto &node = context.node;
    const Service service(context.node, Installation::from(context.journal).unit);
    service.use_programs(context.source(), false);
    const std::array files{node.paths.config, node.paths.state};
    for (const auto &file : files) {
        if (fs::exists(kept(context, file))) {
            write_file(file, read_file(kept(context, file)));
        }
    }
    for (const auto &file : files) {
        fs::remove(kept(context, file));
    }
}

}  // namespace pgaf
