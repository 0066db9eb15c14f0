#include "configuration/carry.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "configuration/configured_files.hpp"
#include "system/error.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"

namespace fs = std::filesystem;

namespace pgaf {

bool is_access_rule(const fs::path &file) {
    return file == "pg_hba.conf" || file == "pg_ident.conf";
}

std::map<fs::path, std::vector<LineChange>> changed_lines(const fs::path &data_dir, const ParameterChanges &changes) {
    std::map<fs::path, std::vector<LineChange>> changed;
    if (changes.empty()) {
        return changed;
    }
    for (const auto &file : configuration_files(data_dir)) {
        // A link leads to a file that the old server reads too, and that stays as it is.
        if (fs::is_symlink(data_dir / file)) {
            continue;
        }
        auto lines = changes_of_lines(read_file(data_dir / file), changes);
        if (file == "postgresql.auto.conf") {
            const auto added = added_lines(changes);
            lines.insert(lines.end(), added.begin(), added.end());
        }
        if (!lines.empty()) {
            changed.emplace(file, std::move(lines));
        }
    }
    return changed;
}

namespace {

using ChangedLines = std::map<fs::path, std::vector<LineChange>>;

bool is_carried_file(const std::vector<fs::path> &files, const fs::path &file, const fs::path &from, const fs::path &to,
                     const ChangedLines &changed) {
    if (!fs::exists(fs::symlink_status(to / file))) {
        return false;
    }
    if (is_kept_as_link(files, file, from)) {
        return is_same_link(from / file, to / file);
    }
    const auto lines = changed.find(file);
    if (lines == changed.end()) {
        return is_copy(from / file, to / file);
    }
    return is_copy_of_mode(from / file, to / file) &&
           read_file(to / file) == apply_changes(read_file(from / file), lines->second);
}

}  // namespace

void copy_carried(const std::vector<fs::path> &files, const fs::path &file, const fs::path &from, const fs::path &to) {
    if (is_kept_as_link(files, file, from)) {
        copy_link(from / file, to / file);
    } else {
        copy_with_mode(from / file, to / file);
    }
}

bool is_carried(const std::vector<fs::path> &files, const fs::path &from, const fs::path &to,
                const ParameterChanges &changes) {
    const auto changed = changed_lines(from, changes);
    return std::ranges::all_of(files, [&](const fs::path &file) {
        return !fs::exists(fs::symlink_status(from / file)) || is_carried_file(files, file, from, to, changed);
    });
}

void carry(const std::vector<fs::path> &files, const fs::path &from, const fs::path &to, std::string_view step,
           const ParameterChanges &changes) {
    const auto changed = changed_lines(from, changes);
    for (const auto &file : files) {
        if (!fs::exists(fs::symlink_status(from / file))) {
            continue;  // taken away since it was listed
        }
        copy_carried(files, file, from, to);
        if (const auto lines = changed.find(file); lines != changed.end()) {
            // over the copy, whose mode it keeps
            write_file(to / file, apply_changes(read_file(from / file), lines->second));
        }
        if (!is_carried_file(files, file, from, to, changed)) {
            throw HelperError(ExitCode::StepFailed,
                              fmt::format("\"{}\" is not the same in \"{}\"", (from / file).string(), to.string()),
                              "Look whether something else writes the file, and run pgaf-upgrade again.");
        }
        fault_point(step, "middle");
    }
}

}  // namespace pgaf
