#include "cluster/initdb_parameters.hpp"

#include <fmt/format.h>

namespace pgaf {

std::vector<std::string> initdb_parameters(Connection &server, const ControlData &control, int target) {
    // template0, since it is as initdb made it
    const auto rows = server.query(
        "SELECT pg_catalog.pg_encoding_to_char(encoding) AS encoding, datcollate, datctype, datlocprovider,"
        " pg_catalog.to_jsonb(d) ->> 'daticulocale' AS iculocale, pg_catalog.to_jsonb(d) ->> 'datlocale' AS locale,"
        " pg_catalog.to_jsonb(d) ->> 'daticurules' AS icurules"
        " FROM pg_catalog.pg_database d WHERE datname = 'template0'");
    std::vector<std::string> parameters{
        "--username=" + bootstrap_superuser(server), "--encoding=" + rows.text(0, "encoding"),
        "--lc-collate=" + rows.text(0, "datcollate"), "--lc-ctype=" + rows.text(0, "datctype"),
        fmt::format("--wal-segsize={}", control.wal_segment_size >> 20U),
        // Only pg_upgrade connects by these, over a socket in a private directory.
        "--auth-local=trust", "--auth-host=reject"};
    if (rows.text(0, "datlocprovider") == "i") {
        parameters.emplace_back("--locale-provider=icu");
        parameters.push_back("--icu-locale=" + rows.value(0, "iculocale").value_or(rows.text(0, "locale")));
        if (const auto rules = rows.text(0, "icurules"); !rules.empty()) {
            parameters.push_back("--icu-rules=" + rules);
        }
    }
    if (control.data_checksums) {
        parameters.emplace_back("--data-checksums");
    } else if (target >= 18) {
        parameters.emplace_back("--no-data-checksums");
    }
    if (server.single("SHOW data_directory_mode") == "0750") {
        parameters.emplace_back("--allow-group-access");
    }
    return parameters;
}

}  // namespace pgaf
