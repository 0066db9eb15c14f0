#pragma once

#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "node/node.hpp"
#include "run/installation.hpp"

namespace pgaf {

// The programs of a node by name, such as "PostgreSQL 17" and "pg_autoctl of 15", with their versions; without
// those that are not installed.
using Software = std::map<std::string, std::string>;

[[nodiscard]] Software software_of(const Installation &installation, int target);
[[nodiscard]] nlohmann::json to_json(const Software &software);

[[nodiscard]] std::string name_of_postgres(int major);
[[nodiscard]] std::string name_of_autoctl(int major);

// "2.0" of what `pg_autoctl version` says about the extension that it needs on the monitor; empty: nothing.
[[nodiscard]] std::string extension_version_in(const std::string &text);
// "15.14" of what `postgres --version` says.
[[nodiscard]] std::string postgres_version_in(const std::string &text);

}  // namespace pgaf
