#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "node/node.hpp"
#include "system/file_identity.hpp"

// pg_upgrade --swap moves the old cluster's data files into the new one, and its manual takes the old cluster for lost
// from the first of them on. But it only renames: by a record of which files were the old cluster's own, what it did
// is taken back from wherever it was interrupted.
namespace pgaf {

// pg_upgrade's name for the directory, in each place of the old cluster, of what it puts aside.
inline constexpr const char *kMovedForUpgrade = "moved_for_upgrade";

// Where databases are in the old cluster, and where their counterparts are in the new one.
struct SwapPlace {
    std::string name;               // "base" or "pg_tblspc/OID"
    std::filesystem::path old_dir;  // base, or PG_15_* of the tablespace
    std::filesystem::path new_dir;  // the same of the new cluster; a tablespace's may not be there yet
};

// Throws HelperError(StepFailed). A tablespace that has nothing of the old major is left out.
[[nodiscard]] std::vector<SwapPlace> swap_places(const std::filesystem::path &old_cluster, int source,
                                                 const std::filesystem::path &new_cluster, int target);

// Of a file of a cluster: "base" for "base/5/1259", "pg_tblspc/16400" for what is in there, else what it begins with.
[[nodiscard]] std::string_view swap_place_of(std::string_view path);

// The files of the old cluster's databases by what they keep when they are renamed.
class OldFiles {
  public:
    // As they are now. Throws HelperError(StepFailed).
    explicit OldFiles(const std::vector<SwapPlace> &places);

    // As record() has written it: a line "PLACE INODE BORN" for each.
    explicit OldFiles(const std::string &record);
    [[nodiscard]] std::string record() const;

    [[nodiscard]] bool contains(std::string_view place, const FileIdentity &file) const;

  private:
    std::map<std::string, std::vector<FileIdentity>, std::less<>> files_;  // sorted
};

// Where the record is kept from before pg_upgrade on.
[[nodiscard]] std::filesystem::path old_files_record(const Node &node);

// Whether pg_upgrade has begun to move them.
[[nodiscard]] bool has_moved_files(const std::vector<SwapPlace> &places);

struct Move {
    std::filesystem::path from;
    std::filesystem::path to;
};

// By which every file of the old cluster comes to where it was before pg_upgrade --swap, and what was made for the new
// one into that. After some of them, from the first on, it gives the others.
[[nodiscard]] std::vector<Move> moves_back(const std::vector<SwapPlace> &places, const OldFiles &old_files);

// A directory is moved when what was moved in it is durable, as is all in the end. Throws HelperError(StepFailed)
// rather than replace a file.
void carry_out(const std::vector<Move> &moves);

}  // namespace pgaf
