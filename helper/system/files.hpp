#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "system/owner.hpp"

// Files as a crash must find them: written beside their name, flushed, renamed, the directory flushed.
// All throw HelperError(StepFailed) that names the file and the system's reason.
namespace pgaf {

[[nodiscard]] std::string read_file(const std::filesystem::path &path);

// Replaces or makes the file; owner and mode are those of the file it replaces, else as given.
void write_file(const std::filesystem::path &path, std::string_view content, const Owner &owner, mode_t mode = 0600);

// The same bytes, owner and mode under the new name; a symbolic link stays a link to the same target.
// The directories on the way are made with the mode of those they are copied from. A directory, or a link to one, is
// made as an empty one, and is the same as any of its owner and mode.
void copy_with_owner_and_mode(const std::filesystem::path &from, const std::filesystem::path &to);

[[nodiscard]] bool same_owner_and_mode(const std::filesystem::path &one, const std::filesystem::path &other);
[[nodiscard]] bool same_content_owner_and_mode(const std::filesystem::path &one, const std::filesystem::path &other);

// rename(2), never onto something that exists; durable when both directories have been flushed.
void rename_new(const std::filesystem::path &from, const std::filesystem::path &to);

// The same, and durable when it returns.
void rename_durably(const std::filesystem::path &from, const std::filesystem::path &to);

// Both names change their content at one instant: there is no moment without `one`. Durable.
void exchange_durably(const std::filesystem::path &one, const std::filesystem::path &other);

void make_directory(const std::filesystem::path &path, const Owner &owner, mode_t mode = 0700);

void flush_directory(const std::filesystem::path &path);

}  // namespace pgaf
