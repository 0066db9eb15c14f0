#include "cleanup/remains.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cluster/version_directory.hpp"
#include "postgres/controldata.hpp"
#include "seed/seed.hpp"
#include "system/error.hpp"
#include "system/in_use.hpp"
#include "system/raw_file.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr const char *kByHand = "no run of this node has recorded it: look at it, and remove it by hand";

bool is_there(const fs::path &path) {
    return fs::exists(fs::symlink_status(path));
}

// Empty where it is a directory of this user's, and no link to one.
std::string why_no_directory(const fs::path &path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) {
        fail_by_errno("access", path);
    }
    if (S_ISLNK(status.st_mode)) {
        return fmt::format("\"{}\" is a link to \"{}\"", path.string(), fs::read_symlink(path).string());
    }
    if (!S_ISDIR(status.st_mode)) {
        return fmt::format("\"{}\" is no directory", path.string());
    }
    return status.st_uid == ::geteuid() ? "" : fmt::format("\"{}\" belongs to another user", path.string());
}

// Where a server has its tablespaces, by their numbers.
std::map<std::string, fs::path> locations_of(Connection &server) {
    std::map<std::string, fs::path> locations;
    const auto rows = server.query(
        "SELECT oid, pg_catalog.pg_tablespace_location(oid) AS location FROM pg_catalog.pg_tablespace"
        " WHERE pg_catalog.pg_tablespace_location(oid) <> ''");
    for (int row = 0; row < rows.size(); ++row) {
        std::error_code gone;
        locations[rows.text(row, "oid")] = fs::weakly_canonical(rows.text(row, "location"), gone);
    }
    return locations;
}

class Finder {
  public:
    Finder(const Node &node, const Journal &journal, const OldCluster &cluster)
        : node_(node), journal_(journal), cluster_(cluster) {}

    Remains find(bool logs) {
        require_serving();
        add_unfinished();
        add_recorded_runs();
        add_unused();
        add_work_folder(logs);
        add_serving();
        measure();
        look_for_use();
        return std::move(remains_);
    }

  private:
    void refuse(std::string why) { remains_.refusals.push_back(std::move(why)); }

    bool has(const fs::path &path) const {
        return std::ranges::any_of(remains_.items, [&](const Remain &item) { return item.directory.path == path; });
    }

    // The cluster that the run has made is the one in PGDATA, and it runs.
    void require_serving() {
        const auto head = control_head(node_.data_dir);
        if (fs::exists(node_.guard_flag())) {
            refuse(fmt::format("\"{}\" is between two clusters: run pgaf-upgrade run", node_.pgdata.string()));
        }
        const auto found = head ? std::to_string(head->system_identifier) : "";
        if (major_of(node_.data_dir) != cluster_.target_version || found != cluster_.new_sysidentifier) {
            refuse(
                fmt::format("\"{}\" is PostgreSQL {} with system identifier {}, and run {} has made PostgreSQL {} "
                            "with system identifier {}",
                            node_.data_dir.string(), major_of(node_.data_dir), found, cluster_.run,
                            cluster_.target_version, cluster_.new_sysidentifier));
        }
        if (!node_.running_server()) {
            refuse(fmt::format("no server runs in \"{}\"", node_.pgdata.string()));
            return;
        }
        server_.emplace(node_.connect_locally());
        locations_ = locations_of(*server_);
    }

    void add(const fs::path &path, const std::string &what, const std::string &proof) {
        if (const auto removing = removing_name(path); is_there(removing)) {
            refuse(fmt::format("\"{}\" exists, and this node has not made it", removing.string()));
        }
        remains_.items.push_back(
            {.directory = {path, identity_of(path), what}, .is_renamed = false, .proof = proof, .size = {}});
    }

    void add_unfinished() {
        for (const auto &directory : unfinished_removals(journal_)) {
            const auto removing = removing_name(directory.path);
            if (!is_there(removing)) {
                continue;  // not renamed yet, or removed
            }
            if (identity_of(removing) != directory.identity) {
                refuse(fmt::format("\"{}\" is not the directory whose removal has begun", removing.string()));
                continue;
            }
            remains_.items.push_back({.directory = directory,
                                      .is_renamed = true,
                                      .proof = "its removal was begun and interrupted",
                                      .size = {}});
        }
    }

    void add_recorded_runs() {
        const auto runs = recorded_runs(journal_);
        if (runs.empty() || runs.back().run != cluster_.run) {
            refuse(fmt::format("the journal in \"{}\" does not tell where run {} has left the old cluster",
                               node_.work_dir().string(), cluster_.run));
            return;
        }
        for (const auto &run : runs) {
            if (run.nodeid != node_.nodeid || run.data_dir != node_.data_dir) {
                refuse(fmt::format("run {} was recorded for node {} in \"{}\", and this is node {} in \"{}\"", run.run,
                                   run.nodeid, run.data_dir.string(), node_.nodeid, node_.data_dir.string()));
            } else if (run.run == cluster_.run && run.old_sysidentifier != cluster_.old_sysidentifier) {
                refuse(
                    fmt::format("the journal says that run {} began with system identifier {}, and the monitor "
                                "says {}",
                                run.run, run.old_sysidentifier, cluster_.old_sysidentifier));
            } else if (run.old_dir != node_.beside(fmt::format("_pg{}", run.source))) {
                refuse(fmt::format("\"{}\" is no name that a run gives to an old cluster", run.old_dir.string()));
            } else if (is_there(run.old_dir)) {
                add_old_cluster(run);
            }
        }
    }

    void add_old_cluster(const RecordedRun &run) {
        const auto &path = run.old_dir;
        if (const auto why = why_no_directory(path); !why.empty()) {
            return refuse(why);
        }
        const auto head = control_head(path);
        if (major_of(path) != run.source || !head || std::to_string(head->system_identifier) != run.old_sysidentifier) {
            return refuse(
                fmt::format("\"{}\" is PostgreSQL {} with system identifier {}, and the old cluster of run {} is "
                            "PostgreSQL {} with "
                            "system identifier {}",
                            path.string(), major_of(path), head ? std::to_string(head->system_identifier) : "unknown",
                            run.run, run.source, run.old_sysidentifier));
        }
        if (fs::is_symlink(path / "pg_wal")) {
            remains_.kept.push_back({fs::read_symlink(path / "pg_wal"),
                                     "the WAL of the old cluster is there: look at it, and remove it by hand"});
        }
        const auto proof = fmt::format("PostgreSQL {}, system identifier {}, as run {} has recorded it", run.source,
                                       run.old_sysidentifier, run.run);
        add_tablespaces(run, head->catalog_version, proof);
        add(path, "the old cluster", proof);
    }

    void add_tablespaces(const RecordedRun &run, std::uint32_t catalog_version, const std::string &proof) {
        const auto version = fmt::format("PG_{}_{}", run.source, catalog_version);
        for (const auto &link : fs::directory_iterator(run.old_dir / "pg_tblspc")) {
            if (!link.is_symlink()) {
                continue;  // in the old cluster itself
            }
            std::error_code gone;
            const auto location = fs::canonical(link.path(), gone);
            const auto path = location / version;
            if (gone || !is_there(path) || has(path)) {
                continue;
            }
            if (const auto why = why_no_directory(path); !why.empty()) {
                refuse(why);
                continue;
            }
            const auto known = locations_.find(link.path().filename().string());
            const bool is_known = (known != locations_.end() && known->second == location) ||
                                  std::ranges::find(run.tablespaces, location) != run.tablespaces.end();
            if (is_known) {
                add(path, "a tablespace of the old cluster", proof);
            } else {
                remains_.kept.push_back({path,
                                         "the new cluster no longer has this tablespace: look at it, and remove "
                                         "it by hand"});
            }
        }
    }

    // A run gives such names to what it does not need any more; only what it has made itself is removed.
    void add_unused() {
        std::vector<fs::path> unused;
        for (const auto &entry : fs::directory_iterator(node_.data_dir.parent_path())) {
            const auto name = entry.path().filename().string();
            if (name.starts_with(node_.data_dir.filename().string() + "_pg") &&
                name.find("_unused_") != std::string::npos && !name.ends_with("_removing")) {
                unused.push_back(entry.path());
            }
        }
        const auto made = made_directories(journal_);
        for (const auto &directory : made) {
            if (directory.path.filename().string().find("_unused_") != std::string::npos && is_there(directory.path)) {
                unused.push_back(directory.path);  // in a tablespace
            }
        }
        std::ranges::sort(unused);
        for (const auto &path : unused) {
            const auto identity = identity_of(path);
            const auto found = std::ranges::find(made, identity, &RecordedDirectory::identity);
            if (found == made.end() || !why_no_directory(path).empty()) {
                remains_.kept.push_back({path, kByHand});
            } else if (!has(path)) {
                add(path, found->what, "made by a run of this node, by its journal");
            }
        }
    }

    void add_work_folder(bool logs) {
        std::vector<std::pair<fs::path, std::string>> folders{{seed_dir(node_), "the seed of the standbys"}};
        if (logs) {
            folders.emplace_back(node_.work_dir() / "pg_upgrade", "the files of pg_upgrade");
        }
        for (const auto &[path, what] : folders) {
            if (is_there(path) && why_no_directory(path).empty()) {
                add(path, what, "in the work folder of this node");
            }
        }
    }

    // Whatever the reason for which it would be met: the removal stops there.
    void add_serving() {
        for (const auto &path : {node_.data_dir, node_.data_dir / "base", node_.data_dir / "global",
                                 node_.data_dir / "pg_wal", node_.work_dir()}) {
            if (fs::exists(path)) {
                remains_.serving.insert(key_of(path));
            }
        }
        for (const auto &[oid, location] : locations_) {
            if (const auto version = version_directory(location, cluster_.target_version)) {
                remains_.serving.insert(key_of(*version));
            }
        }
    }

    void measure() {
        Room room;
        for (auto &item : remains_.items) {
            const auto path = item.is_renamed ? removing_name(item.directory.path) : item.directory.path;
            if (remains_.serving.contains(key_of(path)) || is_within(node_.data_dir, path)) {
                refuse(fmt::format("\"{}\" belongs to the cluster that serves", path.string()));
            }
            remains_.directories.push_back(path);
            try {
                item.size = room.add(path);
            } catch (const HelperError &error) {
                refuse(error.what());
            }
        }
        remains_.own = room.own();
    }

    void look_for_use() {
        const auto add_all = [this](std::vector<std::string> reasons) {
            std::ranges::move(reasons, std::back_inserter(remains_.refusals));
        };
        add_all(mounted_in(remains_.directories));
        add_all(open_files_in(remains_.directories, remains_.own));
        for (const auto &folder : {node_.data_dir, node_.data_dir / "pg_tblspc"}) {
            for (const auto &entry : fs::directory_iterator(folder)) {
                std::error_code none;
                const auto target = entry.is_symlink() ? fs::weakly_canonical(entry.path(), none) : fs::path();
                for (const auto &directory : remains_.directories) {
                    if (is_within(target, directory)) {
                        refuse(fmt::format("\"{}\" leads to \"{}\"", entry.path().string(), target.string()));
                    }
                }
            }
        }
        for (const auto &directory : remains_.directories) {
            add_all(settings_with(directory));
        }
    }

    // A certificate or a file of the configuration may still be read from there. The value of a command may hold a
    // password, and this text gets into logs.
    std::vector<std::string> settings_with(const fs::path &directory) {
        std::vector<std::string> found;
        if (server_) {
            const auto rows = server_->query(
                "SELECT name FROM pg_catalog.pg_settings"
                " WHERE pg_catalog.strpos(setting, $1) > 0 OR pg_catalog.strpos(sourcefile, $1) > 0",
                {directory.string()});
            for (int row = 0; row < rows.size(); ++row) {
                found.push_back(
                    fmt::format("the server's {} names \"{}\"", rows.text(row, "name"), directory.string()));
            }
        }
        return found;
    }

    const Node &node_;
    const Journal &journal_;
    const OldCluster &cluster_;
    std::optional<Connection> server_;
    std::map<std::string, fs::path> locations_;
    Remains remains_;
};

}  // namespace

std::uint64_t Remains::freed_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto &item : items) {
        bytes += item.size.freed_bytes;
    }
    return bytes;
}

Remains find_remains(const Node &node, const Journal &journal, const OldCluster &cluster, bool logs) {
    return Finder(node, journal, cluster).find(logs);
}

std::optional<ControlHead> control_head(const fs::path &data_dir) {
    constexpr std::size_t kCatalogVersionAt = 12;
    constexpr std::size_t kBytes = 16;
    for (const auto *name : {"global/pg_control", "global/pg_control.old"}) {
        if (fs::exists(data_dir / name)) {
            const auto bytes = InputFile(data_dir / name).read(0, kBytes);
            if (bytes.size() == kBytes) {
                ControlHead head;
                std::memcpy(&head.system_identifier, bytes.data(), sizeof head.system_identifier);
                std::memcpy(&head.catalog_version, bytes.data() + kCatalogVersionAt, sizeof head.catalog_version);
                return head;
            }
        }
    }
    return std::nullopt;
}

}  // namespace pgaf
