#include "steps/steps.hpp"

#include <fmt/format.h>

#include "controldata.hpp"
#include "upgrade/new_cluster.hpp"

namespace pgaf {

namespace {

// The parameters of the old cluster, asked from it: a new one that differs in one of them is refused
// by pg_upgrade, or serves other collations than the indexes were built with.
std::vector<std::string> parameters_of(const Context &context, Connection &server, const std::string &superuser) {
    const auto control =
        read_controldata(Installation::from(context.journal).old_bindir, context.node.data_dir, context.node.owner);
    const auto rows = server.query(
        "SELECT pg_catalog.pg_encoding_to_char(encoding) AS encoding, datcollate, datctype, datlocprovider,"
        " pg_catalog.to_jsonb(d) ->> 'daticulocale' AS iculocale, pg_catalog.to_jsonb(d) ->> 'datlocale' AS locale"
        " FROM pg_catalog.pg_database d WHERE datname = 'template0'");
    std::vector<std::string> parameters{"--username=" + superuser, "--encoding=" + rows.text(0, "encoding"),
                                        "--lc-collate=" + rows.text(0, "datcollate"),
                                        "--lc-ctype=" + rows.text(0, "datctype"),
                                        fmt::format("--wal-segsize={}", control.wal_segment_size >> 20U),
                                        // Only pg_upgrade connects by these, over a socket in a private directory.
                                        "--auth-local=trust", "--auth-host=reject"};
    if (rows.text(0, "datlocprovider") == "i") {
        parameters.emplace_back("--locale-provider=icu");
        parameters.push_back("--icu-locale=" + rows.value(0, "iculocale").value_or(rows.text(0, "locale")));
    }
    if (control.data_checksums) {
        parameters.emplace_back("--data-checksums");
    } else if (context.target() >= 18) {
        parameters.emplace_back("--no-data-checksums");
    }
    if (server.single("SHOW data_directory_mode") == "0750") {
        parameters.emplace_back("--allow-group-access");
    }
    return parameters;
}

}  // namespace

namespace {

nlohmann::json result_of(const Context &context, const ControlData &control, const std::string &superuser,
                         const nlohmann::json &command) {
    return {{"new_sysidentifier", std::to_string(control.system_identifier)},
            {"old_sysidentifier", context.journal.result("discover").at("old_sysidentifier")},
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
    const auto known = context.journal.result("initdb");
    if (!known.empty() && major_of(context.new_dir()) == context.target()) {
        const auto control =
            read_controldata(Installation::from(context.journal).new_bindir, context.new_dir(), context.node.owner);
        if (std::to_string(control.system_identifier) == known.at("new_sysidentifier").get<std::string>()) {
            return Found::done(known);
        }
    }
    return {Progress::Partial};
}

// A partial one is set aside, for this program deletes no data directory.
nlohmann::json Initdb::perform(const Context &context) const {
    auto server = context.local_server();
    const auto superuser = server.single("SELECT rolname FROM pg_catalog.pg_roles WHERE oid = 10");
    auto argv = parameters_of(context, server, superuser);
    argv.insert(argv.begin(), {(Installation::from(context.journal).new_bindir / "initdb").string(), "-D",
                               context.new_dir().string()});
    const auto control = make_new_cluster(context, argv);
    return result_of(context, control, superuser, argv);
}

}  // namespace pgaf
