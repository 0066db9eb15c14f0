#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "system/tree.hpp"

// Who still uses what is to be removed.
namespace pgaf {

// Whether the path is this directory, or something in it. Texts only.
[[nodiscard]] bool is_within(const std::filesystem::path &path, const std::filesystem::path &directory);

// What processes have open in these directories, as working directory, or mapped, in words: `"PATH" is open in process
// 123 (postgres)`. `own` are the files that have no name elsewhere: they are found under whatever name a process
// opened them. Processes of other users are passed over where the system does not show them.
[[nodiscard]] std::vector<std::string> open_files_in(const std::vector<std::filesystem::path> &directories,
                                                     const std::set<FileKey> &own);

// Also of one on the same file system, which device numbers do not show.
[[nodiscard]] bool is_mount_point(const std::filesystem::path &path);

// What is mounted at these directories or in them, and where they are mounted elsewhere, in words.
[[nodiscard]] std::vector<std::string> mounted_in(const std::vector<std::filesystem::path> &directories);
// By the text of /proc/self/mountinfo.
[[nodiscard]] std::vector<std::string> mounted_in(const std::vector<std::filesystem::path> &directories,
                                                  const std::string &mountinfo);

}  // namespace pgaf
