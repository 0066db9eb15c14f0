#include "steps/steps.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cluster/initdb_parameters.hpp"
#include "cluster/new_cluster.hpp"
#include "postgres/controldata.hpp"

namespace pgaf {

namespace {

nlohmann::json result_of(const Context &context, const ControlData &control, const std::string &superuser,
                         const nlohmann::json &command) {
    return {{"new_sysidentifier", std::to_string(control.system_identifier)},
            {"old_sysidentifier", context.journal.result(steps::kDiscover).at("old_sysidentifier")},
            {"superuser", superuser},
            {"command", command}};
}

}  // namespace

// initdb leaves nothing behind by which a whole cluster could be told: only one that this program saw
// finished counts, and it must still be that one.
Found Initdb::probe(const Context &context) const {
    if (!std::filesystem::exists(context.new_dir())) {
        return {};
    }
    const auto known = context.journal.result(steps::kInitdb);
    if (!known.empty() && major_of(context.new_dir()) == context.target()) {
        const auto control = read_controldata(Installation::from(context.journal).new_bindir, context.new_dir());
        if (std::to_string(control.system_identifier) == known.at("new_sysidentifier").get<std::string>()) {
            return Found::done(known);
        }
    }
    return {Progress::Partial};
}

// A partial one is set aside, for this program deletes no data directory.
nlohmann::json Initdb::perform(const Context &context) const {
    auto server = context.local_server();
    const auto superuser = bootstrap_superuser(server);
    const auto installation = Installation::from(context.journal);
    const auto old_control = read_controldata(installation.old_bindir, context.node.data_dir);
    auto argv = initdb_parameters(server, old_control, context.target());
    argv.insert(argv.begin(), {(installation.new_bindir / "initdb").string(), "-D", context.new_dir().string()});
    const auto control = make_new_cluster(context, argv);
    return result_of(context, control, superuser, argv);
}

}  // namespace pgaf
