#include "run/installation.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "node/service.hpp"
#include "postgres/controldata.hpp"

namespace pgaf {

Installation Installation::find(const Node &node, int target) {
    const auto source = major_of(node.data_dir);
    const auto old_bindir = node.config.pg_ctl.parent_path();
    const auto new_bindir = node.bindir_of_target(old_bindir, source, target);
    auto new_autoctl = new_bindir / "pg_autoctl";
    if (::access(new_autoctl.c_str(), X_OK) != 0) {
        new_autoctl = "/usr/bin/pg_autoctl";  // Debian's packages: one for all majors
    }
    return {.source = source,
            .old_bindir = old_bindir,
            .new_bindir = new_bindir,
            .new_autoctl = new_autoctl,
            .unit = node.options.service.empty() ? Service::unit_of(node.paths.pid) : node.options.service};
}

Installation Installation::from(const Journal &journal) {
    const auto found = journal.result(steps::kDiscover);
    if (!found.contains("old_bindir")) {
        throw HelperError(ExitCode::StepFailed, "the journal of this node does not tell its installation",
                          "Set the step back: SELECT pgaf_upgrade_retry(run, 'discover').");
    }
    return {.source = found["source_version"].get<int>(),
            .old_bindir = found["old_bindir"].get<std::string>(),
            .new_bindir = found["new_bindir"].get<std::string>(),
            .new_autoctl = found["new_autoctl"].get<std::string>(),
            .unit = found["unit"].get<std::string>()};
}

}  // namespace pgaf
