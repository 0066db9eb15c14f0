#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "src/store.hpp"

// The queries about system identifiers. They are the bits of an unsigned number, as pg_auto_failover
// keeps them.
namespace pgaf::store {

// What is known of an identifier and of the group that it may be given to.
struct SysidentifierFacts {
    std::int64_t now = 0;  // both times in seconds since 1970
    std::optional<std::int64_t> run_started;
    std::optional<std::int64_t> recorded;  // the run's new identifier for the group
    bool was_the_groups = false;
    Text used_elsewhere;
};

SysidentifierFacts sysidentifier_facts(std::optional<std::int64_t> runid, const std::string &formation, int group,
                                       std::optional<std::int64_t> sysidentifier);

// Whether the session may rewrite identifiers by a right of its own: as superuser, as the owner, or by
// a grant other than the one that every node has, as autoctl_node.
bool may_rewrite_by_hand();

// The new identifier of the group's primary, when its step `identity` was begun by this backend; the old one
// while a rollback has to put it back.
std::optional<std::int64_t> sysidentifier_to_write(std::int64_t runid, const std::string &formation, int group);

// Changes every node of the group in one statement, as the constraint on a group demands, and keeps
// what was there before. Returns how many nodes it changed.
std::int64_t rewrite_sysidentifier(std::optional<std::int64_t> runid, const std::string &formation, int group,
                                   std::int64_t before, std::int64_t after);

}  // namespace pgaf::store
