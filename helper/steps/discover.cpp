#include "steps/steps.hpp"

#include <thread>

#include <nlohmann/json.hpp>

#include "node/kept_autoctl.hpp"
#include "node/server_environment.hpp"
#include "node/service.hpp"
#include "postgres/controldata.hpp"
#include "run/data_size.hpp"
#include "system/fault.hpp"

namespace pgaf {

nlohmann::json Discover::perform(const Context &context) const {
    const auto &node = context.node;
    auto found = Installation::find(node, context.target());
    // after a boot pg_autoctl may not have written its process number yet, nor started the server
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while ((found.unit.empty() || !node.running_server()) && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        found = Installation::find(node, context.target());
    }
    const auto control = read_controldata(found.old_bindir, node.data_dir);
    if (keep_autoctl(node, found.new_autoctl, found.new_bindir)) {
        Service(node, found.unit).keep_program();
    }
    keep_server_environment(node);
    fault_point(steps::kDiscover, "middle");
    nlohmann::json result{{"source_version", found.source},
                          {"old_bindir", found.old_bindir.string()},
                          {"new_bindir", found.new_bindir.string()},
                          {"new_autoctl", found.new_autoctl.string()},
                          {"unit", found.unit},
                          {"old_sysidentifier", std::to_string(control.system_identifier)},
                          {"pgdata", node.pgdata.string()},
                          {"data_directory", node.data_dir.string()}};
    if (node.running_server()) {
        result["old_server_version"] = context.local_server().single("SHOW server_version");
        result["old_pgautofailover"] = context.monitor.extension_version();
        result["size"] = measure_data(node);
    }
    return result;
}

}  // namespace pgaf
