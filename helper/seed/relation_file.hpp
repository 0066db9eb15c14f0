#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgaf {

enum class Fork : std::uint8_t { Main, FreeSpaceMap, VisibilityMap, Init };

// A file of a relation, as its path below the data directory tells: base/5/16384_vm.1 is segment 1 of the
// visibility map of relation base/5/16384.
struct RelationFile {
    std::string relation;
    Fork fork = Fork::Main;
    std::uint32_t segment = 0;
};

// Of a database, in its default or another tablespace. Nothing for any other file, temporary relations too.
[[nodiscard]] std::optional<RelationFile> parse_relation_file(std::string_view path);

}  // namespace pgaf
