#include "configuration/shown_files.hpp"

#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "configuration/carry.hpp"
#include "configuration/keeper_lines.hpp"
#include "system/digest.hpp"
#include "system/document.hpp"
#include "system/error.hpp"
#include "system/files.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

fs::path record_of(const FilePlaces &places) {
    return places.kept / "record.json";
}

nlohmann::json to_json(const ShownFiles &shown) {
    return {{"run", shown.run},
            {"node", shown.node},
            {"parameters", shown.parameters},
            {"removed", shown.changes.removed},
            {"renamed", shown.changes.renamed},
            {"set", shown.changes.set},
            {"files", shown.digests}};
}

ShownFiles from_json(const nlohmann::json &record) {
    ShownFiles shown;
    record.at("run").get_to(shown.run);
    record.at("node").get_to(shown.node);
    record.at("parameters").get_to(shown.parameters);
    record.at("removed").get_to(shown.changes.removed);
    record.at("renamed").get_to(shown.changes.renamed);
    record.at("set").get_to(shown.changes.set);
    record.at("files").get_to(shown.digests);
    return shown;
}

bool is_compared(const fs::path &file) {
    return !is_keepers_file(file.filename().string());
}

bool is_there(const fs::path &path) {
    return fs::exists(fs::symlink_status(path));
}

// Both may be written while they are compared.
bool is_copied(const std::vector<fs::path> &files, const fs::path &file, const fs::path &from, const fs::path &to) {
    if (is_kept_as_link(files, file, from)) {
        return is_same_link(from / file, to / file);
    }
    return is_there(to / file) && is_copy(from / file, to / file);
}

std::map<std::string, std::string> digests_now(const ConfiguredFiles &files, const fs::path &data_dir) {
    std::map<std::string, std::string> digests;
    for (const auto *list : {&files.inside, &files.outside}) {
        for (const auto &file : *list) {
            digests.emplace(file.string(), digest_of(data_dir, file));
        }
    }
    return digests;
}

}  // namespace

FilePlaces places_of(const Node &node) {
    return {node.pgdata, node.data_dir, node.work_dir() / "as_shown"};
}

std::vector<fs::path> ShownFiles::to_carry() const {
    std::vector<fs::path> files;
    for (const auto &[name, digest] : digests) {
        if (!fs::path(name).is_absolute()) {
            files.emplace_back(name);
        }
    }
    return files;
}

std::string describe(const FileDifference &difference) {
    switch (difference.kind) {
        case FileDifference::Kind::Edited:
            return fmt::format("\"{}\" was edited: its SHA-256 is now {}…", difference.file,
                               difference.digest.substr(0, 12));
        case FileDifference::Kind::Added:
            return fmt::format("\"{}\" is new: its SHA-256 is {}…", difference.file, difference.digest.substr(0, 12));
        case FileDifference::Kind::Missing:
            return fmt::format("\"{}\" is gone", difference.file);
    }
    return {};
}

std::string digest_of(const fs::path &data_dir, const fs::path &file) {
    const auto path = data_dir / file;
    std::string content;
    if (fs::is_symlink(path)) {
        content = "link to " + fs::read_symlink(path).string() + "\n";
    }
    if (fs::is_directory(path)) {
        return sha256_of(content + "a directory");
    }
    try {
        content += without_keepers_lines(file.filename().string(), read_file(path));
    } catch (const HelperError &) {
        content += "cannot be read";
    }
    return sha256_of(content);
}

fs::path kept_copies(const FilePlaces &places) {
    return places.kept / "files";  // Node::kept_files()
}

ShownFiles keep_as_shown(const FilePlaces &places, std::int64_t run, const std::string &name,
                         const FileParameters &parameters, const ParameterChanges &changes) {
    ShownFiles shown{.run = run, .node = name, .parameters = parameters, .changes = changes, .digests = {}};
    const auto files = configured_files(parameters, places.pgdata, places.data_dir);
    shown.digests = digests_now(files, places.data_dir);
    fs::remove_all(places.kept);
    make_directory(places.kept);
    make_directory(kept_copies(places));
    for (const auto &file : files.inside) {
        copy_carried(files.inside, file, places.data_dir, kept_copies(places));
        const bool is_as_told =
            !is_compared(file) || digest_of(places.data_dir, file) == shown.digests.at(file.string());
        if (!is_as_told || !is_copied(files.inside, file, places.data_dir, kept_copies(places))) {
            throw HelperError(ExitCode::StepFailed,
                              fmt::format("\"{}\" is being edited", (places.data_dir / file).string()),
                              "When that is done: pgaf-upgrade run.");
        }
    }
    write_file(record_of(places), dumped(to_json(shown), 1));
    return shown;
}

std::optional<ShownFiles> last_shown_files(const FilePlaces &places) {
    if (!fs::exists(record_of(places))) {
        return std::nullopt;
    }
    const auto record = nlohmann::json::parse(read_file(record_of(places)), nullptr, false);
    return record.is_object() ? std::optional(from_json(record)) : std::nullopt;
}

std::optional<ShownFiles> shown_files(const FilePlaces &places, std::int64_t run) {
    auto shown = last_shown_files(places);
    return shown && shown->run == run ? std::move(shown) : std::nullopt;
}

std::vector<FileDifference> differences(const ShownFiles &shown, const FilePlaces &places) {
    const auto now = digests_now(configured_files(shown.parameters, places.pgdata, places.data_dir), places.data_dir);
    std::vector<FileDifference> found;
    for (const auto &[file, digest] : now) {
        if (!is_compared(file)) {
            continue;
        }
        const auto before = shown.digests.find(file);
        if (before == shown.digests.end()) {
            found.push_back({FileDifference::Kind::Added, file, digest});
        } else if (before->second != digest) {
            found.push_back({FileDifference::Kind::Edited, file, digest});
        }
    }
    for (const auto &[file, digest] : shown.digests) {
        if (is_compared(file) && !now.contains(file)) {
            found.push_back({FileDifference::Kind::Missing, file, ""});
        }
    }
    return found;
}

std::vector<FileDifference> differences_of_copies(const ShownFiles &shown, const fs::path &directory) {
    std::vector<FileDifference> found;
    for (const auto &file : shown.to_carry()) {
        if (!is_compared(file)) {
            continue;
        }
        if (!is_there(directory / file)) {
            found.push_back({FileDifference::Kind::Missing, file.string(), ""});
        } else if (auto digest = digest_of(directory, file); digest != shown.digests.at(file.string())) {
            found.push_back({FileDifference::Kind::Edited, file.string(), std::move(digest)});
        }
    }
    return found;
}

std::vector<fs::path> follow_keeper(const ShownFiles &shown, const FilePlaces &places) {
    std::set<fs::path> files;
    for (auto &file : shown.to_carry()) {
        const bool is_gone = !is_compared(file) && !is_there(places.data_dir / file);
        if (!is_gone) {
            files.insert(std::move(file));
        }
    }
    const auto inside = configured_files(shown.parameters, places.pgdata, places.data_dir).inside;
    for (const auto &file : inside) {
        const auto digest = shown.digests.find(file.string());
        const bool is_same = digest != shown.digests.end() && digest->second == digest_of(places.data_dir, file);
        if (is_compared(file) && !is_same) {
            continue;
        }
        files.insert(file);
        if (!is_copied(inside, file, places.data_dir, kept_copies(places))) {
            copy_carried(inside, file, places.data_dir, kept_copies(places));
        }
    }
    return {files.begin(), files.end()};
}

}  // namespace pgaf
