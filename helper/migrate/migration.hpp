#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "migrate/content.hpp"
#include "migrate/databases.hpp"
#include "migrate/endpoint.hpp"
#include "migrate/options.hpp"
#include "migrate/state.hpp"
#include "node/node.hpp"

namespace pgaf::migrate {

// What the steps of a migration work with.
struct Migration {
    const Node &node;
    const MigrateOptions &options;
    const Server old_server;
    const Server new_server;
    State &state;
    std::filesystem::path folder;  // of the dumps

    [[nodiscard]] bool has_dump(const Database &database) const;
    // Whole, under a name that it gets when it is: the dump, and beside it what the old cluster had in it then.
    [[nodiscard]] std::filesystem::path dump_of(const Database &database) const;
    [[nodiscard]] bool is_in_place(const Database &database) const {
        return state.get().in_place.contains(database.name);
    }
};

// Can the new cluster take what the old one has? Writes the state when it can, and nothing when it cannot.
// Throws HelperError(Refused).
void examine(const Migration &migration, const std::vector<Database> &databases);

// --restart: what the migration has made in the new cluster is dropped, or where it cannot be is to be replaced.
void drop_what_was_made(const Migration &migration);

void apply_globals(const Migration &migration);

// In a snapshot that the old server exports, with the sums over its rows where writes go on.
void dump(const Migration &migration, const Database &database);

// Whatever an earlier attempt has left of the database goes first.
void restore(const Migration &migration, const Database &database);

// To make room; what is needed to compare stays.
void drop_dump(const Migration &migration, const Database &database);

// A line each; nothing when the database is the same in both.
struct Compared {
    std::vector<std::string> differences;
    std::uint64_t tables = 0;
    std::uint64_t rows = 0;
    std::uint64_t sequences = 0;
};
[[nodiscard]] Compared compare(const Migration &migration, const Database &database);

void gather_statistics(const Migration &migration);

// A program of the new cluster's major as the owner of PGDATA; ctrl-C ends it. Its output goes to a log.
void run_program(const Migration &migration, const std::string &program, std::vector<std::string> arguments,
                 std::uint64_t bytes);

}  // namespace pgaf::migrate
