#pragma once

#include <cstddef>
#include <string_view>

// The documents of the helpers' protocol, as claims.hpp means it.
namespace pgaf::claims {

// In bytes, as JSON.
inline constexpr std::size_t kResultLimit = 1024UL * 1024;  // of what a step has learned
inline constexpr std::size_t kJournalLimit = 8 * kResultLimit;
inline constexpr std::size_t kHbaLimit = 16 * kResultLimit;  // some 400 bytes for each connection

// What a step has learned: an object, of which the known members are of their types, and others may be anything.
void require_result(std::string_view step, std::string_view json);
// What a node has undone.
void require_rollback_result(std::string_view json);
// What a node has removed of its old cluster, how much room that gave, and who asked for it.
void require_cleanup_result(std::string_view json);
// An object of names and versions.
void require_software(std::string_view json);
// Steps that a node has performed, each with a result as of that step.
void require_journal(std::string_view json);
// What pg_hba.conf says to the connections that a node needs.
void require_hba(std::string_view json);

void require_check(std::string_view name, std::string_view severity, bool data_loss);

}  // namespace pgaf::claims
