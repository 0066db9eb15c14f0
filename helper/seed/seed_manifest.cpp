#include "seed/seed_manifest.hpp"

#include <charconv>

namespace pgaf {

namespace {

constexpr std::string_view kFormat = "pgaf_upgrade-seed-1";
constexpr std::size_t kDigits = 64;

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (true) {
        const auto blank = line.find(' ');
        words.push_back(line.substr(0, blank));
        if (blank == std::string_view::npos) {
            return words;
        }
        line = line.substr(blank + 1);
    }
}

std::optional<std::uint64_t> number_of(std::string_view word) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    return error == std::errc{} && end == word.data() + word.size() ? std::optional(number) : std::nullopt;
}

bool is_digest(std::string_view word) {
    return word.size() == kDigits && word.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// "copied SIZE FILLED SHA256 PATH", "linked SIZE FILLED PATH OLD_PATH", "map" likewise
std::optional<SeedFile> sized(SeedKind kind, const std::vector<std::string_view> &words) {
    constexpr std::size_t kWords = 5;
    if (words.size() != kWords) {
        return std::nullopt;
    }
    const auto size = number_of(words[1]);
    const auto filled = number_of(words[2]);
    if (!size || !filled || *filled > *size) {
        return std::nullopt;
    }
    if (kind == SeedKind::Copied) {
        return is_digest(words[3]) && is_path_inside(words[4])
                   ? std::optional(
                         SeedFile{kind, *size, *filled, std::string(words[3]), std::string(words[4]), std::string()})
                   : std::nullopt;
    }
    return is_path_inside(words[3]) && is_path_inside(words[4])
               ? std::optional(
                     SeedFile{kind, *size, *filled, std::string(), std::string(words[3]), std::string(words[4])})
               : std::nullopt;
}

}  // namespace

std::string format_origin(const SeedOrigin &origin) {
    return std::string(kFormat) + " " + std::to_string(origin.old_sysidentifier) + " " +
           origin.old_checkpoint_location + " " + origin.old_timeline + " " + std::to_string(origin.new_sysidentifier) +
           " " + origin.new_checkpoint_location;
}

std::optional<SeedOrigin> parse_origin(std::string_view line) {
    constexpr std::size_t kWords = 6;
    const auto words = words_of(line);
    if (words.size() != kWords || words[0] != kFormat) {
        return std::nullopt;
    }
    const auto old_sysidentifier = number_of(words[1]);
    const auto new_sysidentifier = number_of(words[4]);
    if (!old_sysidentifier || !new_sysidentifier) {
        return std::nullopt;
    }
    return SeedOrigin{*old_sysidentifier, std::string(words[2]), std::string(words[3]), *new_sysidentifier,
                      std::string(words[5])};
}

std::string format_seed_file(const SeedFile &file) {
    const auto sizes = std::to_string(file.size) + " " + std::to_string(file.filled) + " ";
    switch (file.kind) {
        case SeedKind::Directory:
            return "directory " + file.path;
        case SeedKind::Copied:
            return "copied " + sizes + file.sha256 + " " + file.path;
        case SeedKind::Linked:
            return "linked " + sizes + file.path + " " + file.old_path;
        case SeedKind::LinkedMap:
            return "map " + sizes + file.path + " " + file.old_path;
    }
    return {};
}

std::optional<SeedFile> parse_seed_file(std::string_view line) {
    const auto words = words_of(line);
    if (words[0] == "directory" && words.size() == 2 && is_path_inside(words[1])) {
        return SeedFile{SeedKind::Directory, 0, 0, {}, std::string(words[1]), {}};
    }
    if (words[0] == "copied") {
        return sized(SeedKind::Copied, words);
    }
    if (words[0] == "linked") {
        return sized(SeedKind::Linked, words);
    }
    if (words[0] == "map") {
        return sized(SeedKind::LinkedMap, words);
    }
    return std::nullopt;
}

std::string format_seed_end(std::string_view sha256) {
    return "end " + std::string(sha256);
}

std::optional<std::string> parse_seed_end(std::string_view line) {
    const auto words = words_of(line);
    return words.size() == 2 && words[0] == "end" && is_digest(words[1]) ? std::optional(std::string(words[1]))
                                                                         : std::nullopt;
}

bool is_path_inside(std::string_view path) {
    if (path.empty() || path.front() == '/' || path.find_first_of(" \n\t\r") != std::string_view::npos) {
        return false;
    }
    while (true) {
        const auto slash = path.find('/');
        const auto part = path.substr(0, slash);
        if (part.empty() || part == "." || part == "..") {
            return false;
        }
        if (slash == std::string_view::npos) {
            return true;
        }
        path = path.substr(slash + 1);
    }
}

bool has_content_of(const SeedFile &primary, std::uint64_t size, std::uint64_t filled) {
    return size <= primary.size && filled == primary.filled;
}

}  // namespace pgaf
