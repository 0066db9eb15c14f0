#include "run/recorded_directory.hpp"

#include <nlohmann/json.hpp>

#include "system/document.hpp"

namespace pgaf {

nlohmann::json to_json(const RecordedDirectory &directory) {
    return {{"path", directory.path.string()},
            {"inode", directory.identity.inode},
            {"born_ns", directory.identity.born_ns},
            {"what", directory.what}};
}

RecordedDirectory recorded_directory(const nlohmann::json &note) {
    const Document document(note, "the journal");
    return {document.text("path"),
            {note.at("inode").get<std::uint64_t>(), document.integer("born_ns")},
            document.text("what")};
}

}  // namespace pgaf
