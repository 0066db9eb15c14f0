#include "cleanup/recorded.hpp"

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "core/step_names.hpp"
#include "run/notes.hpp"
#include "system/document.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr const char *kRemoving = "removing";
constexpr const char *kRemoved = "removed";
constexpr const char *kTold = "removal is told";
constexpr const char *kJournal = "the journal";

// Each attempt at a run begins with its plan.
class Attempt {
  public:
    explicit Attempt(const nlohmann::json &plan) : plan_(plan) {}

    void take(const nlohmann::json &entry) {
        const auto step = entry.value("step", "");
        const auto state = entry.value("state", "");
        if (state == "done") {
            results_[step] = entry.at("result");
        } else if (state == "undoing" || state == "undone") {
            results_.erase(step);
        }
    }

    // Nothing where the old cluster was not put aside, or was brought back.
    [[nodiscard]] std::optional<RecordedRun> recorded() const {
        const auto found = results_.find(std::string(steps::kDiscover));
        const auto *aside = result_of(steps::kSwap) != nullptr ? result_of(steps::kSwap) : result_of(steps::kRebuild);
        if (found == results_.end() || aside == nullptr) {
            return std::nullopt;
        }
        const Document plan(plan_, kJournal);
        const Document discovered(found->second, kJournal);
        RecordedRun run{.run = plan.integer("run"),
                        .nodeid = plan.object("node").integer("id"),
                        .source = discovered.small_integer("source_version"),
                        .target = plan.small_integer("target_version"),
                        .data_dir = discovered.text("data_directory"),
                        .old_dir = Document(*aside, kJournal).text("old_data_directory"),
                        .old_sysidentifier = discovered.text("old_sysidentifier"),
                        .tablespaces = {}};
        if (aside->contains("tablespaces")) {
            for (const auto &tablespace : Document(*aside, kJournal).objects("tablespaces")) {
                run.tablespaces.emplace_back(tablespace.text("location"));
            }
        }
        return run;
    }

  private:
    [[nodiscard]] const nlohmann::json *result_of(std::string_view step) const {
        const auto found = results_.find(std::string(step));
        return found == results_.end() ? nullptr : &found->second;
    }

    nlohmann::json plan_;
    std::map<std::string, nlohmann::json> results_;
};

struct Note {
    std::string name;
    nlohmann::json about;
};

std::vector<Note> notes_of(const Journal &journal) {
    std::vector<Note> notes;
    for (const auto &entry : journal.entries()) {
        if (const auto name = entry.value("note", ""); !name.empty()) {
            notes.push_back({name, nlohmann::json::parse(entry.value("about", ""), nullptr, false)});
        }
    }
    return notes;
}

}  // namespace

std::vector<RecordedRun> recorded_runs(const Journal &journal) {
    std::vector<RecordedRun> runs;
    std::optional<Attempt> attempt;
    const auto end = [&] {
        if (auto run = attempt ? attempt->recorded() : std::nullopt) {
            std::erase_if(runs, [&](const RecordedRun &other) { return other.old_dir == run->old_dir; });
            runs.push_back(*std::move(run));
        }
    };
    for (const auto &entry : journal.entries()) {
        if (entry.contains("plan")) {
            end();
            attempt.emplace(entry.at("plan"));
        } else if (attempt && entry.contains("step")) {
            attempt->take(entry);
        }
    }
    end();
    return runs;
}

std::vector<RecordedDirectory> made_directories(const Journal &journal) {
    std::vector<RecordedDirectory> directories;
    for (const auto &note : notes_of(journal)) {
        if (note.name == notes::kMade || note.name == notes::kSetAside) {
            directories.push_back(recorded_directory(note.about));
        }
    }
    return directories;
}

fs::path removing_name(const fs::path &path) {
    return path.string() + "_removing";
}

std::vector<RecordedDirectory> unfinished_removals(const Journal &journal) {
    std::vector<RecordedDirectory> directories;
    for (const auto &note : notes_of(journal)) {
        if (note.name != kRemoving && note.name != kRemoved) {
            continue;
        }
        const fs::path path = Document(note.about, kJournal).text("path");
        std::erase_if(directories, [&](const RecordedDirectory &other) { return other.path == path; });
        if (note.name == kRemoving) {
            directories.push_back(recorded_directory(note.about));
        }
    }
    return directories;
}

std::vector<Removed> untold_removals(const Journal &journal) {
    std::vector<Removed> removals;
    std::map<std::string, std::uint64_t> freed;  // as it was reckoned when the removal began
    for (const auto &note : notes_of(journal)) {
        if (note.name == kTold) {
            removals.clear();
        } else if (note.name == kRemoving) {
            freed.emplace(Document(note.about, kJournal).text("path"), note.about.at("freed_bytes"));
        } else if (note.name == kRemoved) {
            const auto path = Document(note.about, kJournal).text("path");
            removals.push_back({path, freed[path]});
            freed.erase(path);
        }
    }
    return removals;
}

void note_removing(Journal &journal, const RecordedDirectory &directory, std::uint64_t freed_bytes) {
    auto note = to_json(directory);
    note["freed_bytes"] = freed_bytes;
    journal.note(kRemoving, note.dump());
}

void note_removed(Journal &journal, const fs::path &path) {
    journal.note(kRemoved, nlohmann::json{{"path", path.string()}}.dump());
}

void note_told(Journal &journal, std::int64_t run) {
    journal.note(kTold, nlohmann::json{{"run", run}}.dump());
}

}  // namespace pgaf
