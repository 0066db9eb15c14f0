#pragma once

#include <string>
#include <string_view>
#include <vector>

// What is asked of a server about its pg_hba.conf, by the extension of its own server and by the helper of
// its node's.
namespace pgaf::hba {

// From this major on a field may be a regular expression, and lines may come from included files.
inline constexpr int kRegexSince = 16;

// The rules as PostgreSQL reads them, a ViewRow each. The names of an array are kept apart by line breaks,
// which none can have. Before 16 the view has no file_name. Who may see a rule sees no password of it.
inline constexpr const char *kRulesQuery =
    "SELECT coalesce(pg_catalog.to_jsonb(r) ->> 'file_name', pg_catalog.current_setting('hba_file')) AS file_name, "
    "       r.line_number, coalesce(r.type, '') AS type, pg_catalog.array_to_string(r.database, E'\\n') AS databases, "
    "       pg_catalog.array_to_string(r.user_name, E'\\n') AS users, coalesce(r.address, '') AS address, "
    "       coalesce(r.netmask, '') AS netmask, coalesce(r.auth_method, '') AS auth_method, "
    "       pg_catalog.array_to_string(ARRAY(SELECT pg_catalog.regexp_replace("
    "           o, '^(ldapbindpasswd|radiussecrets)=.*', E'\\\\1=(hidden)') FROM pg_catalog.unnest(r.options) o), ' ') "
    "           AS options, "
    "       coalesce(r.error, '') AS error "
    "  FROM pg_catalog.pg_hba_file_rules() WITH ORDINALITY AS r ORDER BY r.ordinality";

// $1: a role. Its own name and those of all roles that it is a member of; no row where there is no such role.
inline constexpr const char *kMembershipsQuery =
    "WITH RECURSIVE m AS "
    "(SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1 "
    "  UNION SELECT a.roleid FROM pg_catalog.pg_auth_members a JOIN m ON a.member = m.oid) "
    "SELECT r.rolname FROM m JOIN pg_catalog.pg_roles r ON r.oid = m.oid";

// $1: an expression, $2: a name.
inline constexpr const char *kRegexQuery = "SELECT $2::text ~ $1::text COLLATE pg_catalog.\"C\"";

// An array of kRulesQuery.
[[nodiscard]] inline std::vector<std::string> names_of(std::string_view text) {
    std::vector<std::string> names(1);
    for (const char character : text) {
        if (character == '\n') {
            names.emplace_back();
        } else {
            names.back() += character;
        }
    }
    return names;
}

}  // namespace pgaf::hba
