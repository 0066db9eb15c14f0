#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "run/context.hpp"
#include "run/warnings.hpp"

// The subscriptions of a cluster, by which another one's changes are applied to it. From a source before 17 pg_upgrade
// makes them again as they were defined, but disabled, without the tables that are synchronized, and without the
// position from which the publisher is to go on.
namespace pgaf {

// From this source on pg_upgrade carries them itself.
inline constexpr int kFirstCarriedByPgUpgrade = 17;

// Writes down, beside the journal, what is so of each of them on the running old server: nothing of their connection
// strings. Where that cannot be done it is logged, and they stay disabled later.
void note_subscriptions(const Context &context) noexcept;

// In the new cluster: tables, position, and enabled as they were. Each by itself, in one transaction; again after a
// kill. Needs no publisher.
void carry_subscriptions(const Context &context, Warnings &warnings);

// The positions that PGDATA/pg_logical/replorigin_checkpoint has, by the numbers of the origins: of a cluster that was
// shut down, those up to which everything was applied. Throws HelperError where it is not as PostgreSQL writes it.
[[nodiscard]] std::map<std::uint16_t, std::uint64_t> origin_positions(std::string_view content);

}  // namespace pgaf
