#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "postgres/connection.hpp"

namespace pgaf::migrate {

struct Database {
    std::uint64_t oid = 0;
    std::string name;
    bool is_template = false;
    std::uint64_t bytes = 0;
    std::string locale;  // encoding, collation and character type, for people and to compare
};

// All that take connections, by name; template0 is none of them. Throws HelperError(Refused) for one that does not:
// it would be left behind.
[[nodiscard]] std::vector<Database> databases_of(Connection &server);

[[nodiscard]] bool exists_in(Connection &server, const std::string &database);

// The first column of what the query finds.
[[nodiscard]] std::set<std::string> names_by(Connection &server, const char *query);

[[nodiscard]] std::string system_identifier_of(Connection &server);

// In the database of the connection: something that a user made and that is no part of an extension.
[[nodiscard]] bool has_user_objects(Connection &database);

}  // namespace pgaf::migrate
