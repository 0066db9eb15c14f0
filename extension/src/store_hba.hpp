#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/hba_findings.hpp"
#include "src/functions.hpp"

// The queries about pg_hba.conf, by name.
namespace pgaf::store {

// This server's file, as pg_hba_file_rules reads it now.
std::vector<hba::ViewRow> hba_rows();
std::string hba_file();
bool ssl_is_on();
std::optional<std::string> read_server_file(const std::string &path);
bool regex_matches(const std::string &expression, const std::string &name);
// The roles that a role is a member of, itself included; none for a role that does not exist.
std::vector<std::string> memberships(const std::string &role);
std::string formation_database(const std::string &formation);

// What a helper found of a node's file.
struct HbaReport {
    std::int64_t nodeid = 0;
    hba::Finding finding;
    std::string reported_at;
};

// Of what claims::require_hba has let in. A report of before the upgrade also takes the place of an older one of after
// it.
std::int64_t replace_hba_report(std::int64_t runid, std::int64_t nodeid, const std::string &moment,
                                const std::string &json);
// Of every node the last report; what cannot be read is left out, as if it had not been reported.
std::vector<HbaReport> last_hba_reports();
std::vector<HbaReport> hba_reports_before_upgrade();
std::vector<hba::Finding> hba_before_upgrade(std::int64_t nodeid);

}  // namespace pgaf::store
