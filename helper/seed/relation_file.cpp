#include "seed/relation_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace pgaf {

namespace {

constexpr std::array<std::pair<std::string_view, Fork>, 3> kForks{{
    {"_fsm", Fork::FreeSpaceMap},
    {"_vm", Fork::VisibilityMap},
    {"_init", Fork::Init},
}};

bool is_number(std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [](char character) { return character >= '0' && character <= '9'; });
}

bool is_in_database(std::string_view directory) {
    const auto database = directory.substr(directory.rfind('/') + 1);
    return is_number(database) && (directory.starts_with("base/") || directory.starts_with("pg_tblspc/"));
}

}  // namespace

std::optional<RelationFile> parse_relation_file(std::string_view path) {
    const auto slash = path.rfind('/');
    if (slash == std::string_view::npos || !is_in_database(path.substr(0, slash))) {
        return std::nullopt;
    }
    auto name = path.substr(slash + 1);
    RelationFile file;
    if (const auto dot = name.find('.'); dot != std::string_view::npos) {
        const auto segment = name.substr(dot + 1);
        if (!is_number(segment) ||
            std::from_chars(segment.data(), segment.data() + segment.size(), file.segment).ec != std::errc{}) {
            return std::nullopt;
        }
        name = name.substr(0, dot);
    }
    for (const auto &[suffix, fork] : kForks) {
        if (name.ends_with(suffix)) {
            file.fork = fork;
            name.remove_suffix(suffix.size());
            break;
        }
    }
    if (!is_number(name)) {
        return std::nullopt;
    }
    file.relation = std::string(path.substr(0, slash + 1)) + std::string(name);
    return file;
}

}  // namespace pgaf
