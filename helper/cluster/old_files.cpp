#include "cluster/old_files.hpp"

#include <algorithm>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "cluster/version_directory.hpp"
#include "system/files.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

// Of a database, in there; pg_upgrade's name, too.
constexpr std::string_view kOldCatalogs = "_old_catalogs";

bool is_database(const fs::path &directory) {
    const auto name = directory.filename().string();
    return !name.empty() && name.find_first_not_of("0123456789") == std::string::npos && fs::is_directory(directory);
}

std::vector<fs::path> files_in(const fs::path &directory) {
    std::vector<fs::path> files;
    for (const auto &entry : fs::directory_iterator(directory)) {
        if (entry.is_regular_file()) {
            files.push_back(entry.path());
        }
    }
    return files;
}

// One database of a place, as pg_upgrade moves it: `made`, what it has restored, is put aside; the old directory
// takes its place; of that the old catalogs are put aside, and at last the new ones are brought in.
class SwappedDatabase {
  public:
    SwappedDatabase(const SwapPlace &place, const std::string &name, const OldFiles &old_files)
        : place_(place),
          old_files_(old_files),
          old_dir_(place.old_dir / name),
          new_dir_(place.new_dir / name),
          catalogs_(place.old_dir / kMovedForUpgrade / (name + std::string(kOldCatalogs))),
          made_(place.old_dir / kMovedForUpgrade / name) {}

    void add_moves_back(std::vector<Move> &moves) const {
        if (fs::exists(old_dir_)) {
            return;  // not moved yet, or moved back
        }
        for (const auto &file : files_in(new_dir_)) {
            if (is_new(file)) {
                moves.push_back({file, made_ / file.filename()});
            }
        }
        for (const auto &file : files_in(catalogs_)) {
            moves.push_back({file, new_dir_ / file.filename()});
        }
        moves.push_back({new_dir_, old_dir_});
    }

  private:
    // The old server may have made a file since the record, such as pg_internal.init: it is the old cluster's as
    // long as the new one of that name was not brought in.
    [[nodiscard]] bool is_new(const fs::path &file) const {
        return !old_files_.contains(place_.name, identity_of(file)) &&
               (fs::exists(catalogs_ / file.filename()) || !fs::exists(made_ / file.filename()));
    }

    const SwapPlace &place_;
    const OldFiles &old_files_;
    fs::path old_dir_;
    fs::path new_dir_;
    fs::path catalogs_;
    fs::path made_;
};

}  // namespace

std::vector<SwapPlace> swap_places(const fs::path &old_cluster, int source, const fs::path &new_cluster, int target) {
    std::vector<SwapPlace> places{{"base", old_cluster / "base", new_cluster / "base"}};
    for (const auto &link : fs::directory_iterator(old_cluster / "pg_tblspc")) {
        const auto location = fs::canonical(link.path());
        if (auto old_dir = version_directory(location, source)) {
            places.push_back({"pg_tblspc/" + link.path().filename().string(), *std::move(old_dir),
                              version_directory(location, target).value_or(fs::path())});
        }
    }
    return places;
}

std::string_view swap_place_of(std::string_view path) {
    const auto end = path.find('/', path.starts_with("pg_tblspc/") ? path.find('/') + 1 : 0);
    return path.substr(0, end);
}

OldFiles::OldFiles(const std::vector<SwapPlace> &places) {
    for (const auto &place : places) {
        auto &known = files_[place.name];
        for (const auto &database : fs::directory_iterator(place.old_dir)) {
            if (is_database(database.path())) {
                const auto files = files_in(database.path());
                std::ranges::transform(files, std::back_inserter(known), identity_of);
            }
        }
        std::ranges::sort(known);
    }
}

OldFiles::OldFiles(const std::string &record) {
    std::istringstream lines(record);
    std::string place;
    for (FileIdentity file; lines >> place >> file.inode >> file.born_ns;) {
        files_[place].push_back(file);
    }
    for (auto &[name, known] : files_) {
        std::ranges::sort(known);
    }
}

std::string OldFiles::record() const {
    std::string lines;
    for (const auto &[place, known] : files_) {
        for (const auto &file : known) {
            lines += fmt::format("{} {} {}\n", place, file.inode, file.born_ns);
        }
    }
    return lines;
}

bool OldFiles::contains(std::string_view place, const FileIdentity &file) const {
    const auto found = files_.find(place);
    return found != files_.end() && std::ranges::binary_search(found->second, file);
}

fs::path old_files_record(const Node &node) {
    return node.work_dir() / "old_files";
}

bool has_moved_files(const std::vector<SwapPlace> &places) {
    return std::ranges::any_of(places, [](const auto &place) { return fs::exists(place.old_dir / kMovedForUpgrade); });
}

std::vector<Move> moves_back(const std::vector<SwapPlace> &places, const OldFiles &old_files) {
    std::vector<Move> moves;
    for (const auto &place : places) {
        const auto moved = place.old_dir / kMovedForUpgrade;
        if (!fs::exists(moved)) {
            continue;
        }
        for (const auto &entry : fs::directory_iterator(moved)) {
            const auto name = entry.path().filename().string();
            if (name.ends_with(kOldCatalogs)) {
                SwappedDatabase(place, name.substr(0, name.size() - kOldCatalogs.size()), old_files)
                    .add_moves_back(moves);
            }
        }
        moves.push_back({moved, place.new_dir / kMovedForUpgrade});
    }
    return moves;
}

void carry_out(const std::vector<Move> &moves) {
    std::set<fs::path> unflushed;
    for (const auto &[from, to] : moves) {
        if (!fs::is_directory(from)) {
            rename_new(from, to);
            unflushed.insert({from.parent_path(), to.parent_path()});
            continue;
        }
        std::ranges::for_each(unflushed, flush_directory);
        unflushed.clear();
        rename_durably(from, to);
    }
}

}  // namespace pgaf
