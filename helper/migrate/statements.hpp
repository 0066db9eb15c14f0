#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

// The scripts that pg_dumpall and pg_restore write, statement by statement, so that each can be carried out again
// after a break.
namespace pgaf::migrate {

// Without comments before them, psql's own commands and the semicolon. Knows quoted names, strings with and without
// escapes, and dollar quotes.
[[nodiscard]] std::vector<std::string> statements_of(std::string_view script);

// What is left of `pg_dumpall --globals-only` for a cluster that has these roles and tablespaces already: nothing is
// created twice, and the roles that pg_auto_failover makes in every cluster keep their own passwords.
[[nodiscard]] std::vector<std::string> globals_to_apply(const std::vector<std::string> &statements,
                                                        const std::set<std::string> &roles,
                                                        const std::set<std::string> &tablespaces);

// Of `pg_restore --create`: what is said of the database itself and not of anything in it.
[[nodiscard]] std::vector<std::string> about_the_database(const std::vector<std::string> &statements);

[[nodiscard]] std::string quote_identifier(std::string_view name);

}  // namespace pgaf::migrate
