#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// Files as a crash must find them: written beside their name, flushed, renamed, the directory flushed.
// All throw HelperError(StepFailed) that names the file and the system's reason.
namespace pgaf {

// Throws as well for what is no regular file, for one that cannot be read to its end, and for one of more bytes.
[[nodiscard]] std::string read_file(const std::filesystem::path &path, std::size_t most = SIZE_MAX);

// The same, and empty where there is nothing of that name.
[[nodiscard]] std::string read_if_there(const std::filesystem::path &path);

// Its text; empty where there is no regular file that we may read.
[[nodiscard]] std::string text_of(const std::filesystem::path &path);

// Replaces or makes the file; its mode and attributes are those of the file it replaces, else the mode is as given.
void write_file(const std::filesystem::path &path, std::string_view content, mode_t mode = 0600);

// The same bytes, mode and attributes under the new name, and the same group where we are a member of it; a symbolic
// link stays a link to the same target. Another's file that not everybody may read becomes ours alone. The directories
// on the way are made with the mode of those they are copied from. A directory, or a link to one, is made as an empty
// one, and is the same as any of its mode.
void copy_with_mode(const std::filesystem::path &from, const std::filesystem::path &to);

// A symbolic link, also where it leads to a directory. A directory of that name that has something in it is renamed.
void copy_link(const std::filesystem::path &from, const std::filesystem::path &to);
[[nodiscard]] bool is_same_link(const std::filesystem::path &from, const std::filesystem::path &copy);

// Access control lists and the attributes that users may set, as far as they can be; copy_with_mode() does so, too.
void copy_attributes(const std::filesystem::path &from, const std::filesystem::path &to);

// The names of those that a file or directory has.
[[nodiscard]] std::vector<std::string> attributes_of(const std::filesystem::path &path);

// The mode that such a copy gets.
[[nodiscard]] mode_t mode_of_copy(const std::filesystem::path &from);

// Whether the mode, and content and mode, are those that copy_with_mode() gives.
[[nodiscard]] bool is_copy_of_mode(const std::filesystem::path &from, const std::filesystem::path &copy);
[[nodiscard]] bool is_copy(const std::filesystem::path &from, const std::filesystem::path &copy);

// rename(2), never onto something that exists; durable when both directories have been flushed. Where the file system
// has no such call it is looked for before.
void rename_new(const std::filesystem::path &from, const std::filesystem::path &to);

// The same, and durable when it returns.
void rename_durably(const std::filesystem::path &from, const std::filesystem::path &to);

// Both names change their content at one instant: there is no moment without `one`. Durable. Where the file system
// cannot, by three names, and after a crash in between settle_exchange() leaves either what was or what was to be.
void exchange_durably(const std::filesystem::path &one, const std::filesystem::path &other);
void settle_exchange(const std::filesystem::path &one);

// Where `one` is while it is exchanged by three names; empty while it is not.
[[nodiscard]] std::filesystem::path middle_of_exchange(const std::filesystem::path &one);

// What the file system of the directory cannot do in a single step, tried on directories of its own; empty where it
// can do both: "exchange two names", "rename only to a free name". Throws where it cannot rename at all.
[[nodiscard]] std::vector<std::string> renames_in_steps(const std::filesystem::path &directory);

// A name for what is no longer wanted, by which nothing takes it for that: NAME_unused_N.
[[nodiscard]] std::filesystem::path unused_name(const std::filesystem::path &path);

void make_directory(const std::filesystem::path &path, mode_t mode = 0700);

void flush_directory(const std::filesystem::path &path);

}  // namespace pgaf
