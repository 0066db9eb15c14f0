#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "system/file_identity.hpp"

namespace pgaf {

// A directory, with what tells it from any other that gets its name, as notes of the journal have it.
struct RecordedDirectory {
    std::filesystem::path path;
    FileIdentity identity;
    std::string what;  // for people
};

[[nodiscard]] nlohmann::json to_json(const RecordedDirectory &directory);

// Throws HelperError(Internal) where the note is of another form.
[[nodiscard]] RecordedDirectory recorded_directory(const nlohmann::json &note);

}  // namespace pgaf
