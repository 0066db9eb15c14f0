#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

// What a configuration file needs so that the next major reads it, line by line: everything else in
// the file, comments and order too, stays as it is.
namespace pgaf {

struct ParameterChanges {
    std::map<std::string, std::string> removed;  // name, why: commented out
    std::map<std::string, std::string> renamed;  // old name, new name: keeps its value
    std::map<std::string, std::string> set;      // name, value: goes last, into postgresql.auto.conf

    [[nodiscard]] bool empty() const { return removed.empty() && renamed.empty() && set.empty(); }
};

struct LineChange {
    std::size_t line = 0;  // from 1; 0: added at the end
    std::string before;
    std::string after;
};

// By `removed` and `renamed`.
[[nodiscard]] std::vector<LineChange> changes_of_lines(std::string_view text, const ParameterChanges &changes);

// By `set`, for postgresql.auto.conf.
[[nodiscard]] std::vector<LineChange> added_lines(const ParameterChanges &changes);

[[nodiscard]] std::string apply_changes(std::string_view text, const std::vector<LineChange> &changes);

// A value as PostgreSQL writes it in a configuration file.
[[nodiscard]] std::string quoted_setting(std::string_view value);

// What a parameter is called from a later major on; empty when it keeps its name or is gone.
[[nodiscard]] std::string_view new_name_of(std::string_view parameter, int major);

}  // namespace pgaf
