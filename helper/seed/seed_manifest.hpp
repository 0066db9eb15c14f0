#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a standby needs beside its own old files to become one of the upgraded primary, as the primary writes it
// down: lines of text, so that neither side ever holds more of a large cluster than it works on.
namespace pgaf {

// The clusters that the seed is of. LSNs as PostgreSQL writes them.
struct SeedOrigin {
    std::uint64_t old_sysidentifier = 0;
    std::string old_checkpoint_location;  // the shutdown checkpoint of the primary's old cluster
    std::string old_timeline;
    std::uint64_t new_sysidentifier = 0;
    std::string new_checkpoint_location;  // where a standby begins to read WAL
    bool operator==(const SeedOrigin &) const = default;
};

enum class SeedKind : std::uint8_t {
    Directory,
    Copied,     // its content is in the pack
    Linked,     // a relation's file that the standby has in its old cluster
    LinkedMap,  // the same where it may be absent, or of another size: see seed/link.cpp
};

struct SeedFile {
    SeedKind kind = SeedKind::Directory;
    std::uint64_t size = 0;     // bytes
    std::uint64_t filled = 0;   // bytes, without the zeros at the end that fill whole blocks
    std::string sha256 = {};    // of the filled bytes of what is copied, in hexadecimal digits
    std::string path = {};      // below the new data directory
    std::string old_path = {};  // below the old one, of what is linked
    bool operator==(const SeedFile &) const = default;
};

[[nodiscard]] std::string format_origin(const SeedOrigin &origin);
[[nodiscard]] std::optional<SeedOrigin> parse_origin(std::string_view line);

// One line, without its end. Paths hold no blank: everything in a data directory that is PostgreSQL's own.
[[nodiscard]] std::string format_seed_file(const SeedFile &file);
[[nodiscard]] std::optional<SeedFile> parse_seed_file(std::string_view line);

// The last line: the digest of all lines before it.
[[nodiscard]] std::string format_seed_end(std::string_view sha256);
[[nodiscard]] std::optional<std::string> parse_seed_end(std::string_view line);

// Whether a path of a manifest stays below the data directory.
[[nodiscard]] bool is_path_inside(std::string_view path);

// Whether the standby's own file, with its size and filled bytes, has what the primary's has. Pages at the end that
// were added and never written are zeros; no WAL tells of them, and a standby may have fewer.
[[nodiscard]] bool has_content_of(const SeedFile &primary, std::uint64_t size, std::uint64_t filled);

}  // namespace pgaf
