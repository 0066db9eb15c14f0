#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "cleanup/recorded.hpp"
#include "monitor/answers.hpp"
#include "node/node.hpp"
#include "run/journal.hpp"
#include "system/tree.hpp"

namespace pgaf {

// What is to be removed, in this order: an old cluster comes after its tablespaces, which it leads to.
struct Remain {
    RecordedDirectory directory;
    bool is_renamed = false;  // a removal that was begun
    std::string proof;        // why it is known to be this run's
    Room::Share size;
};

// What a run may have left and is not removed, or must be looked at first.
struct Kept {
    std::filesystem::path path;
    std::string why;
};

struct Remains {
    std::vector<Remain> items;
    std::vector<Kept> kept;                          // left where they are; nobody is hindered by them
    std::vector<std::string> refusals;               // why nothing may be removed
    std::set<FileKey> serving;                       // directories of the cluster that serves
    std::set<FileKey> own;                           // of Room
    std::vector<std::filesystem::path> directories;  // of the items, as they are named now
    [[nodiscard]] std::uint64_t freed_bytes() const;
};

// Changes nothing. `cluster` is what the monitor says of this node. With `logs`, also the work folder's logs. Throws
// HelperError where the disk cannot be read.
[[nodiscard]] Remains find_remains(const Node &node, const Journal &journal, const OldCluster &cluster, bool logs);

// The first numbers of pg_control, which every major has written in the same places; also where pg_upgrade has renamed
// the file, and the old programs that could read it are gone.
struct ControlHead {
    std::uint64_t system_identifier = 0;
    std::uint32_t catalog_version = 0;
};
[[nodiscard]] std::optional<ControlHead> control_head(const std::filesystem::path &data_dir);

}  // namespace pgaf
