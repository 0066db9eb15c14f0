#include "steps/steps.hpp"

#include <fmt/format.h>

#include "controldata.hpp"
#include "files.hpp"
#include "process.hpp"

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

nlohmann::json Initdb::perform(const Context &context) const {
    const auto &node = context.node;
    const auto installation = Installation::from(context.journal);
    auto server = node.connect_locally();
    const auto superuser = server.single("SELECT rolname FROM pg_catalog.pg_roles WHERE oid = 10");

    // One that an interrupted attempt left is made anew, since nothing shows that it is whole; it is
    // moved aside, for this program deletes no data directory.
    if (std::filesystem::exists(context.new_dir())) {
        int attempt = 1;
        while (std::filesystem::exists(fmt::format("{}_unused_{}", context.new_dir().string(), attempt))) {
            ++attempt;
        }
        rename_durably(context.new_dir(), fmt::format("{}_unused_{}", context.new_dir().string(), attempt));
    }
    make_directory(context.new_dir(), node.owner);
    auto argv = parameters_of(context, server, superuser);
    argv.insert(argv.begin(), {(installation.new_bindir / "initdb").string(), "-D", context.new_dir().string()});
    run_checked({.argv = argv, .run_as = node.owner, .time_limit = std::chrono::minutes(5), .log = node.log("initdb")});
    const auto control = read_controldata(installation.new_bindir, context.new_dir(), node.owner);
    return {{"new_sysidentifier", std::to_string(control.system_identifier)},
            {"old_sysidentifier", context.journal.result("discover").at("old_sysidentifier")},
            {"superuser", superuser},
            {"command", argv}};
}

}  // namespace pgaf
