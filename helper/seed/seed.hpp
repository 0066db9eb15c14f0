#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "run/context.hpp"
#include "seed/seed_manifest.hpp"

// The seed: what a standby needs beside its own old files to become one of the upgraded primary. The primary makes it
// after pg_upgrade and before its new server first starts, and hands it out over ordinary connections to that server.
namespace pgaf {

// Where a primary keeps it, and a standby what it has fetched.
[[nodiscard]] std::filesystem::path seed_dir(const Node &node);
[[nodiscard]] std::filesystem::path seed_manifest(const Node &node);
[[nodiscard]] std::filesystem::path seed_pack(const Node &node);
[[nodiscard]] std::filesystem::path seed_compressed_pack(const Node &node);

// How much of its files is read, sent and written at once, in bytes.
inline constexpr std::uint64_t kPiece = 1U << 20U;

// Whether standbys of this run are to be built by links, where that can be proved to be right.
[[nodiscard]] bool is_seed_wanted(const Context &context);

// On a primary whose new server was never started. Returns what is in it, for people.
[[nodiscard]] nlohmann::json make_seed(const Context &context);

// The pack's compressed form beside it, where there is a pack: there at one instant, or not at all.
void compress_seed(const Node &node) noexcept;

// Gives up a seed: its standbys are then built by base backups.
void remove_seed(const Node &node);

// On the primary's new server: a schema with functions that read the seed and nothing else, for the role that
// standbys replicate as; and a marker, which a standby has when it has replayed what was written after the seed.
// Nothing where there is no seed of this cluster. It is refused, with the seed removed, where WAL that the standbys
// need may be gone already.
void offer_seed(const Context &context);
[[nodiscard]] bool is_seed_offered(const Context &context);
// Of the manifest of this cluster's seed, which standbys compare with what they fetch; nothing where there is none.
[[nodiscard]] std::optional<std::string> seed_sha256(const Context &context);

// The schema and the files gone. Where this node is no primary any more, the schema is left: returns whether it is
// gone.
[[nodiscard]] bool withdraw_seed(const Context &context);
[[nodiscard]] bool is_seed_withdrawn(const Context &context);

// The shutdown checkpoint at which the primary's old cluster has ended, noted before pg_upgrade hides its pg_control.
void note_end_of_old_cluster(const Context &context);

}  // namespace pgaf
