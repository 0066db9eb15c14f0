#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "system/file_identity.hpp"

// A directory and all that is in it, gone through by descriptors: no symbolic link is ever followed, neither on the way
// to it nor in it, and no other file system is entered.
namespace pgaf {

// Which file it is while it exists, whatever its name.
struct FileKey {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    auto operator<=>(const FileKey &) const = default;
};
[[nodiscard]] FileKey key_of(const std::filesystem::path &path);  // behind links. Throws HelperError(StepFailed).

struct TreeEntry {
    FileKey key;
    bool is_directory = false;
    std::uint64_t links = 1;
    std::uint64_t bytes = 0;  // on the disk
};

// The root comes last. Throws HelperError: Refused where the path is no directory or leads through a link, or where
// something else is mounted in it; StepFailed.
void look_through(const std::filesystem::path &root, const std::function<void(const TreeEntry &)> &visit);

// The room that several trees give back together: a file that has one more name elsewhere frees nothing.
class Room {
  public:
    // How much of it the tree frees, together with those before it.
    struct Share {
        std::uint64_t files = 0;
        std::uint64_t shared_files = 0;  // that have another name
        std::uint64_t bytes = 0;
        std::uint64_t freed_bytes = 0;
    };
    Share add(const std::filesystem::path &root);

    // Of the directories, and of the files that have all of their names in the trees.
    [[nodiscard]] const std::set<FileKey> &own() const { return own_; }

  private:
    std::map<FileKey, std::uint64_t> names_;
    std::set<FileKey> own_;
};

// Removes what bears this name and is this file still. `kept` are directories that must not be met in it. Calls
// `removed` after each entry. Durable. Throws HelperError as look_through(); also Refused for another identity and for
// one of `kept`.
void remove_tree(const std::filesystem::path &path, const FileIdentity &identity, const std::set<FileKey> &kept,
                 const std::function<void()> &removed);

}  // namespace pgaf
