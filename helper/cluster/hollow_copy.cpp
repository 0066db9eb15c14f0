#include "cluster/hollow_copy.hpp"

#include <sys/statvfs.h>

#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "postgres/controldata.hpp"
#include "run/sessions.hpp"
#include "system/files.hpp"
#include "system/process.hpp"
#include "system/raw_file.hpp"
#include "system/units.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

using FileNumber = std::uint32_t;
constexpr FileNumber kFirstOfUsers = 16384;

// Of the current database, by number: the catalogs wherever a VACUUM FULL has put them, but for the contents of large
// objects; sequences, whose values pg_dump reads; and the tables of extensions, which their updates work on.
constexpr const char *kWhole =
    "WITH member AS"
    " (SELECT d.objid AS oid FROM pg_catalog.pg_depend d"
    "   WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'e'"
    "     AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass"
    "     AND pg_catalog.pg_relation_size(d.objid) <= 67108864),"
    " whole AS"
    " (SELECT c.oid FROM pg_catalog.pg_class c WHERE c.oid < 16384 AND c.oid NOT IN (2613, 2683) OR c.relkind = 'S'"
    "  UNION SELECT oid FROM member),"
    " toasted AS"
    " (SELECT oid FROM whole UNION"
    "  SELECT c.reltoastrelid FROM whole JOIN pg_catalog.pg_class c USING (oid) WHERE c.reltoastrelid <> 0)"
    "SELECT DISTINCT pg_catalog.pg_relation_filenode(f.oid) AS number FROM"
    " (SELECT oid FROM toasted UNION SELECT i.indexrelid FROM pg_catalog.pg_index i JOIN toasted ON oid = i.indrelid) f"
    " WHERE pg_catalog.pg_relation_filenode(f.oid) IS NOT NULL";

constexpr std::array kDirectories{"base",         "global",      "pg_commit_ts", "pg_dynshmem", "pg_logical",
                                  "pg_multixact", "pg_notify",   "pg_replslot",  "pg_serial",   "pg_snapshots",
                                  "pg_stat",      "pg_stat_tmp", "pg_subtrans",  "pg_tblspc",   "pg_twophase",
                                  "pg_wal",       "pg_xact"};
// Of these, what is in them. The rest is made anew by every server, or is nothing that a copy may have.
constexpr std::array kWithContent{"pg_commit_ts", "pg_multixact", "pg_xact"};

// The number that a file of a relation begins with: 16385, 16385.1, 16385_fsm. Nothing for another file.
std::optional<FileNumber> number_of(const std::string &name) {
    FileNumber number = 0;
    const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool is_one = error == std::errc() && (rest == name.data() + name.size() || *rest == '.' || *rest == '_');
    return is_one ? std::optional(number) : std::nullopt;
}

// The server keeps to it as long as this session lives.
class Backup {
  public:
    explicit Backup(const Node &node) : server_(node.connect_locally()) {
        server_.query("SET lock_timeout = '10 s'");
        keep_wal();
        server_.query("SELECT pg_catalog.pg_backup_start('pgaf_upgrade: a rehearsal', true)");
    }

    struct End {
        std::string label;
        std::string first_segment;
        std::string last_segment;
    };

    [[nodiscard]] End stop() {
        const auto rows = server_.query("SELECT lsn, labelfile AS label FROM pg_catalog.pg_backup_stop(false)");
        const auto label = rows.text(0, "label");
        constexpr std::string_view kKey = "(file ";  // START WAL LOCATION: 0/2000028 (file 000000010000000000000002)
        constexpr std::size_t kSegmentName = 24;
        const auto at = label.find(kKey);
        if (at == std::string::npos || at + kKey.size() + kSegmentName > label.size()) {
            throw HelperError(ExitCode::StepFailed, "the server's backup label names no WAL segment");
        }
        const auto first = label.substr(at + kKey.size(), kSegmentName);
        return {label, first, last_segment(first, rows.text(0, "lsn"))};
    }

    Connection &server() { return server_; }

  private:
    // Where there is no slot left, what the server removes meanwhile is missed at the end.
    void keep_wal() {
        try {
            server_.query(
                "SELECT pg_catalog.pg_create_physical_replication_slot("
                "'pgaf_upgrade_rehearsal_' || pg_catalog.pg_backend_pid(), true, true)");
        } catch (const PgError &error) {
            if (error.connection_lost()) {
                throw;
            }
        }
    }

    // On the timeline of the first: a promotion ends a backup.
    std::string last_segment(const std::string &first, const std::string &lsn) {
        const auto size = std::stoull(
            server_.single("SELECT pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size'))"));
        constexpr std::uint64_t kHigh = 1ULL << 32U;
        const auto slash = lsn.find('/');
        const auto end =
            std::stoull(lsn.substr(0, slash), nullptr, 16) * kHigh + std::stoull(lsn.substr(slash + 1), nullptr, 16);
        const auto segment = (end - 1) / size;
        return fmt::format("{}{:08X}{:08X}", first.substr(0, 8), segment / (kHigh / size), segment % (kHigh / size));
    }

    Connection server_;
};

std::map<std::string, std::set<FileNumber>> whole_files(const Node &node, Connection &server) {
    std::map<std::string, std::set<FileNumber>> whole;
    for (const auto &name : databases_of(server)) {
        auto database = node.connect_locally(name);
        database.query("SET lock_timeout = '10 s'");
        auto &numbers =
            whole[database.single("SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()")];
        const auto rows = database.query(kWhole);
        for (int row = 0; row < rows.size(); ++row) {
            numbers.insert(static_cast<FileNumber>(std::stoul(rows.text(row, "number"))));
        }
    }
    return whole;
}

class Copying {
  public:
    Copying(const Node &node, fs::path to) : from_(node.data_dir), to_(std::move(to)), source_(major_of(from_)) {}

    HollowCopy take(const Node &node) {
        make_directories();
        Backup backup(node);
        list(whole_files(node, backup.server()));
        require_room();
        for (const auto &[from, to] : whole_) {
            copy(from, to);
        }
        for (const auto &path : empty_) {
            static_cast<void>(OutputFile(path, kMode));
        }
        // last, as pg_basebackup does: it says up to where a standby's copy has to be recovered
        copy(from_ / "global" / "pg_control", to_ / "global" / "pg_control");
        const auto end = backup.stop();
        copy_wal(end);
        write_file(to_ / "backup_label", end.label);
        return {.data_dir = to_, .bytes = copied_, .stand_ins = empty_.size()};
    }

  private:
    static constexpr mode_t kMode = 0600;
    static constexpr std::uint64_t kRoomToLeave = 1024 * kMegabyte;  // to the cluster that serves from this file system
    static constexpr std::uint64_t kFilesToLeave = 10000;
    static constexpr std::uint64_t kRestored = 3;  // the new catalogs and their WAL, as multiples of the old ones

    void make_directories() {
        make_directory(to_);
        for (const auto *name : kDirectories) {
            make_directory(to_ / name);
        }
        for (const auto *name : {"pg_wal/archive_status", "pg_logical/snapshots", "pg_logical/mappings"}) {
            make_directory(to_ / name);
        }
    }

    void list(const std::map<std::string, std::set<FileNumber>> &whole) {
        add(from_ / "PG_VERSION", to_ / "PG_VERSION");
        for (const auto *name : kWithContent) {
            add_tree(name);
        }
        for_each(from_ / "global", [this](const fs::directory_entry &entry) {
            const auto name = entry.path().filename().string();
            if (number_of(name) || name == "pg_filenode.map") {
                add(entry.path(), to_ / "global" / name);
            }
        });
        add_databases(from_ / "base", to_ / "base", whole);
        for_each(from_ / "pg_tblspc", [&](const fs::directory_entry &entry) {
            const auto name = entry.path().filename();
            const auto place = fs::path(to_.string() + ".tablespaces") / name;
            bool is_used = false;
            for_each(entry.path(), [&](const fs::directory_entry &of_major) {
                const auto folder = of_major.path().filename();
                if (folder.string().starts_with(fmt::format("PG_{}_", source_))) {
                    is_used = true;
                    make_directory(place.parent_path());
                    make_directory(place);
                    make_directory(place / folder);
                    add_databases(of_major.path(), place / folder, whole);
                }
            });
            if (is_used) {
                fs::create_symlink(place, to_ / "pg_tblspc" / name);
            }
        });
    }

    // What goes away meanwhile is gone for the server, too: the WAL says so.
    template <typename Visit>
    static void for_each(const fs::path &directory, const Visit &visit) {
        std::error_code error;
        for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
            visit(*it);
        }
        if (error && error != std::errc::no_such_file_or_directory) {
            throw HelperError(ExitCode::StepFailed,
                              fmt::format("could not read \"{}\": {}", directory.string(), error.message()));
        }
    }

    void add(const fs::path &from, const fs::path &to) {
        std::error_code is_gone;
        if (const auto size = fs::file_size(from, is_gone); !is_gone) {
            listed_ += size;
            whole_.emplace_back(from, to);
        }
    }

    void add_tree(const fs::path &name) {
        for_each(from_ / name, [&](const fs::directory_entry &entry) {
            const auto inside = name / entry.path().filename();
            if (entry.is_directory()) {
                make_directory(to_ / inside);
                add_tree(inside);
            } else {
                add(entry.path(), to_ / inside);
            }
        });
    }

    void add_databases(const fs::path &from, const fs::path &to,
                       const std::map<std::string, std::set<FileNumber>> &whole) {
        for_each(from, [&](const fs::directory_entry &database) {
            const auto number = database.path().filename();
            if (!number_of(number.string())) {
                return;
            }
            make_directory(to / number);
            const auto known = whole.find(number.string());
            for_each(database.path(), [&](const fs::directory_entry &entry) {
                const auto name = entry.path().filename().string();
                if (name == "PG_VERSION" || name == "pg_filenode.map") {
                    add(entry.path(), to / number / name);
                } else if (const auto file = number_of(name)) {
                    const bool is_whole = known == whole.end() ? *file < kFirstOfUsers : known->second.contains(*file);
                    is_whole ? add(entry.path(), to / number / name) : empty_.push_back(to / number / name);
                }
            });
        });
    }

    void require_room() const {
        struct statvfs space{};
        if (::statvfs(to_.c_str(), &space) != 0) {
            fail_by_errno("look at the file system of", to_);
        }
        const auto needed = (1 + kRestored) * listed_ + kRoomToLeave;
        if (const auto free = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize; free < needed) {
            throw HelperError(ExitCode::StepFailed,
                              fmt::format("a copy of the catalogs needs {} MB beside \"{}\", and {} MB are free",
                                          needed / kMegabyte, from_.string(), free / kMegabyte),
                              "Free some space there.");
        }
        // each file once more in the new cluster; some file systems count none
        const auto files = kFilesToLeave + 2 * (whole_.size() + empty_.size());
        if (space.f_files > 0 && space.f_favail < files) {
            throw HelperError(ExitCode::StepFailed,
                              fmt::format("a copy of the catalogs needs {} inodes beside \"{}\", and {} are free",
                                          files, from_.string(), space.f_favail),
                              "Delete some files there.");
        }
    }

    void copy(const fs::path &from, const fs::path &to) {
        if (stop_was_asked()) {
            throw HelperError(ExitCode::StepFailed, "stopped by the operator", "Run the same command again.");
        }
        std::error_code error;
        fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
        if (error && error != std::errc::no_such_file_or_directory) {
            throw HelperError(ExitCode::StepFailed, fmt::format("could not copy \"{}\" to \"{}\": {}", from.string(),
                                                                to.string(), error.message()));
        }
        if (!error) {
            copied_ += fs::file_size(to);
        }
    }

    void copy_wal(const Backup::End &end) {
        bool has_first = false;
        for_each(from_ / "pg_wal", [&](const fs::directory_entry &entry) {
            const auto name = entry.path().filename().string();
            const bool is_segment =
                name.size() == end.first_segment.size() && name >= end.first_segment && name <= end.last_segment;
            if (is_segment || name.ends_with(".history")) {
                copy(entry.path(), to_ / "pg_wal" / name);
            }
            has_first = has_first || name == end.first_segment;
        });
        if (!has_first) {
            throw HelperError(ExitCode::StepFailed,
                              "the server has removed WAL while its catalogs were copied, for which there is no "
                              "replication slot left",
                              "Raise max_replication_slots or wal_keep_size, or try again.");
        }
    }

    fs::path from_;
    fs::path to_;
    int source_;
    std::vector<std::pair<fs::path, fs::path>> whole_;  // from, to
    std::vector<fs::path> empty_;
    std::uint64_t listed_ = 0;  // bytes
    std::uint64_t copied_ = 0;
};

}  // namespace

HollowCopy take_hollow_copy(const Node &node, const fs::path &to) {
    return Copying(node, to).take(node);
}

}  // namespace pgaf
