#pragma once

#include <filesystem>
#include <optional>

// Where the old cluster's pg_wal is a link, to a disk of its own, the new cluster's is one, too.
namespace pgaf {

// Beside what the old link leads to, as the old cluster is beside the new: DIRECTORY_pg17. Nothing where pg_wal is no
// link.
[[nodiscard]] std::optional<std::filesystem::path> new_wal_directory(const std::filesystem::path &old_cluster,
                                                                     int target);

// Whether it is there, or can be made, on the same file system.
[[nodiscard]] bool can_be_wal_directory(const std::filesystem::path &old_cluster, const std::filesystem::path &place);

// The place, empty and the owner's alone. What was in it is renamed, or removed where that cannot be.
void make_wal_directory(const std::filesystem::path &place);

// Moves the new cluster's WAL to its place and leaves a link to it; nothing where the WAL stays in the data directory.
// No server runs on it. May be repeated.
void link_wal(const std::filesystem::path &old_cluster, const std::filesystem::path &new_cluster, int target);

}  // namespace pgaf
