#pragma once

#include <string>
#include <vector>

#include "postgres/connection.hpp"

namespace pgaf {

// An extension of a database for which the installation has another version.
struct ExtensionUpdate {
    std::string name;
    std::string from;
    std::string to;
    std::string statement;  // ALTER EXTENSION … UPDATE
};

// Of the database that is connected to, those that others are built on first.
[[nodiscard]] std::vector<ExtensionUpdate> extension_updates(Connection &server);

// What outside of it depends on the members of an extension, in a line for people; empty where nothing does.
[[nodiscard]] std::string dependents_of(Connection &server, const std::string &extension);

}  // namespace pgaf
