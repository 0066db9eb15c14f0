#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pgaf {

// The paths that postgresql.conf's include, include_if_exists and include_dir name, in their order.
[[nodiscard]] std::vector<std::string> included_files(std::string_view postgresql_conf);

// The files that pg_hba.conf or pg_ident.conf takes names from: @file in the place of a name.
[[nodiscard]] std::vector<std::string> files_named_with_at(std::string_view access_file);

// The value of a parameter's last assignment in the text, unquoted; empty when there is none.
[[nodiscard]] std::string last_value_of(std::string_view postgresql_conf, std::string_view parameter);

// The last value of each parameter, by its name in small letters.
[[nodiscard]] std::map<std::string, std::string> settings_of(std::string_view postgresql_conf);

// The parameter that a line sets, in small letters; empty for a comment or an empty line.
[[nodiscard]] std::string parameter_of(std::string_view line);

}  // namespace pgaf
