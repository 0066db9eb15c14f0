#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "configuration/conf_edit.hpp"
#include "configuration/configured_files.hpp"
#include "node/node.hpp"

// The configuration as the operator was shown it before the approval, kept beside the journal: copies of the files in
// the data directory, and digests of them and of those that lie elsewhere. The copies are what is carried over.
namespace pgaf {

struct FilePlaces {
    std::filesystem::path pgdata;    // as the configuration may name it
    std::filesystem::path data_dir;  // the real directory
    std::filesystem::path kept;      // what is kept as it was shown
};
[[nodiscard]] FilePlaces places_of(const Node &node);

struct ShownFiles {
    std::int64_t run = 0;
    std::string node;  // its name in the run
    FileParameters parameters;
    ParameterChanges changes;                    // that the target needs
    std::map<std::string, std::string> digests;  // by name: relative inside the data directory, else absolute

    [[nodiscard]] std::vector<std::filesystem::path> to_carry() const;  // inside, sorted
};

struct FileDifference {
    enum class Kind { Edited, Added, Missing };
    Kind kind;
    std::string file;
    std::string digest;  // as it is now; empty when it is missing
};

// In words for people.
[[nodiscard]] std::string describe(const FileDifference &difference);

// Of the content without what pg_autoctl writes itself; a symbolic link counts with what it leads to.
[[nodiscard]] std::string digest_of(const std::filesystem::path &data_dir, const std::filesystem::path &file);

// The directory of the copies; as data directories, what postgresql.conf includes lies in it by the same names.
[[nodiscard]] std::filesystem::path kept_copies(const FilePlaces &places);

// Copies the files as they are now, and writes down their digests, in place of what was kept before. Throws
// HelperError(StepFailed) when one is edited at that very moment.
ShownFiles keep_as_shown(const FilePlaces &places, std::int64_t run, const std::string &name,
                         const FileParameters &parameters, const ParameterChanges &changes);

// Of that run; nothing when none were kept.
[[nodiscard]] std::optional<ShownFiles> shown_files(const FilePlaces &places, std::int64_t run);
[[nodiscard]] std::optional<ShownFiles> last_shown_files(const FilePlaces &places);

// What is otherwise in the data directory, and elsewhere, than it was shown. Asks no server.
[[nodiscard]] std::vector<FileDifference> differences(const ShownFiles &shown, const FilePlaces &places);

// The same of the copies alone, against a directory that was the data directory.
[[nodiscard]] std::vector<FileDifference> differences_of_copies(const ShownFiles &shown,
                                                                const std::filesystem::path &directory);

// What pg_autoctl has written since goes into the copies; what anybody else has, does not. Returns what is to be
// carried of them.
[[nodiscard]] std::vector<std::filesystem::path> follow_keeper(const ShownFiles &shown, const FilePlaces &places);

}  // namespace pgaf
