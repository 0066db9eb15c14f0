#pragma once

#include <cstdint>
#include <filesystem>

#include "node/node.hpp"
#include "postgres/connection.hpp"

namespace pgaf {

// What a cluster is but for its users' rows: the catalogs, as they are, and beside them an empty file for each file of
// a table or an index of theirs. It is taken as a base backup is, while the server takes writes, or follows a primary.
struct HollowCopy {
    std::filesystem::path data_dir;
    std::uint64_t bytes = 0;      // that were copied
    std::uint64_t stand_ins = 0;  // files that are empty
};

// Into a directory that is not there yet, in one of the owner's. It has to recover before it is used, with
// ignore_invalid_pages: the WAL changes rows that it does not have. Throws HelperError(StepFailed), also where the
// file system would be filled.
[[nodiscard]] HollowCopy take_hollow_copy(const Node &node, const std::filesystem::path &to);

}  // namespace pgaf
