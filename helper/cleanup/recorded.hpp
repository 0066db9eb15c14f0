#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "run/journal.hpp"
#include "run/recorded_directory.hpp"

// What the journal of this node says of old clusters and of what was set aside.
namespace pgaf {

// A run in which this node's old cluster has got a name of its own.
struct RecordedRun {
    std::int64_t run = 0;
    std::int64_t nodeid = 0;
    int source = 0;
    int target = 0;
    std::filesystem::path data_dir;
    std::filesystem::path old_dir;
    std::string old_sysidentifier;
    std::vector<std::filesystem::path> tablespaces;  // their locations, of a standby that was rebuilt
};
// The newest last; those that were undone are left out.
[[nodiscard]] std::vector<RecordedRun> recorded_runs(const Journal &journal);

// What a run has made for a new cluster, and what it has set aside of tablespaces.
[[nodiscard]] std::vector<RecordedDirectory> made_directories(const Journal &journal);

// A removal that was begun: first renamed to removing_name(), then emptied.
[[nodiscard]] std::vector<RecordedDirectory> unfinished_removals(const Journal &journal);
[[nodiscard]] std::filesystem::path removing_name(const std::filesystem::path &path);

struct Removed {
    std::filesystem::path path;
    std::uint64_t freed_bytes = 0;
};
// What was removed since the monitor was last told.
[[nodiscard]] std::vector<Removed> untold_removals(const Journal &journal);

void note_removing(Journal &journal, const RecordedDirectory &directory, std::uint64_t freed_bytes);
void note_removed(Journal &journal, const std::filesystem::path &path);
void note_told(Journal &journal, std::int64_t run);

}  // namespace pgaf
