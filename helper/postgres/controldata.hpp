#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace pgaf {

// What pg_controldata says of a data directory.
struct ControlData {
    std::string state;  // "in production", "shut down", "shut down in recovery", ...
    std::uint64_t system_identifier = 0;
    std::uint32_t control_version = 0;
    std::uint32_t catalog_version = 0;
    std::string checkpoint_location;  // of the latest checkpoint, as an LSN
    std::string timeline;
    std::uint64_t next_transaction = 0;  // at the latest checkpoint, with its epoch
    std::uint64_t wal_segment_size = 0;  // bytes
    bool data_checksums = false;
};

// By the program of the directory's own major, since the file's format changes with it.
[[nodiscard]] ControlData read_controldata(const std::filesystem::path &bindir, const std::filesystem::path &data_dir);

// The major in PG_VERSION, 0 when there is no such file.
[[nodiscard]] int major_of(const std::filesystem::path &data_dir);

}  // namespace pgaf
