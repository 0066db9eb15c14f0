#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <future>
#include <map>
#include <optional>
#include <sstream>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "cluster/old_files.hpp"
#include "cluster/version_directory.hpp"
#include "configuration/cluster_entries.hpp"
#include "core/method.hpp"
#include "postgres/controldata.hpp"
#include "seed/relation_file.hpp"
#include "seed/seed.hpp"
#include "system/compression.hpp"
#include "system/digest.hpp"
#include "system/files.hpp"
#include "system/raw_file.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr const char *kEnd = "end of the old cluster";
constexpr std::size_t kBatch = 4096;
constexpr unsigned kThreads = 4;

// A server makes their content anew, and so pg_basebackup leaves it out.
constexpr std::array<std::string_view, 7> kLeftEmpty{"pg_dynshmem", "pg_notify",    "pg_replslot", "pg_serial",
                                                     "pg_stat_tmp", "pg_snapshots", "pg_subtrans"};

bool is_one_of(const auto &names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

std::optional<struct stat> status_if_there(const fs::path &path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0) {
        return status;
    }
    if (errno != ENOENT) {
        fail_by_errno("access", path);
    }
    return std::nullopt;
}

class SeedMaker {
  public:
    SeedMaker(const Context &context, const SeedOrigin &origin)
        : new_dir_(context.node.data_dir),
          old_dir_(context.old_dir()),
          source_(context.source()),
          target_(context.target()),
          manifest_(seed_manifest(context.node).string() + ".new", 0600),
          pack_(seed_pack(context.node), 0600) {
        if (context.method() == "swap") {
            moved_.emplace(read_file(old_files_record(context.node)));
        }
        add_line(format_origin(origin));
    }

    nlohmann::json make() {
        add({.kind = SeedKind::Copied, .path = "PG_VERSION", .old_path = "PG_VERSION"});
        for (const auto &entry : fs::directory_iterator(new_dir_)) {
            const auto name = entry.path().filename().string();
            if (is_one_of(kClusterDirectories, name)) {  // files there are configuration, which each node has its own
                add_directory(name, name, !is_one_of(kLeftEmpty, name));
            }
        }
        add({.kind = SeedKind::Directory, .path = "pg_tblspc"});
        for (const auto &link : fs::directory_iterator(new_dir_ / "pg_tblspc")) {
            add_tablespace("pg_tblspc/" + link.path().filename().string());
        }
        write_batch();
        const auto digest = digest_.finish();
        manifest_.write(lines_ + format_seed_end(digest) + "\n");
        return {{"linked_files", linked_files_}, {"linked_bytes", linked_bytes_}, {"copied_bytes", copied_bytes_}};
    }

  private:
    void add_line(const std::string &line) {
        digest_.add(line + "\n");
        lines_ += line + "\n";
        if (lines_.size() > kPiece) {
            manifest_.write(lines_);
            lines_.clear();
        }
    }

    void add_directory(const std::string &path, const std::string &old_path, bool with_content) {
        add({.kind = SeedKind::Directory, .path = path});
        if (!with_content) {
            return;
        }
        std::map<std::string, bool> is_directory;  // by name; read at once, since there are thousands
        for (const auto &entry : fs::directory_iterator(new_dir_ / path)) {
            is_directory.emplace(entry.path().filename().string(), entry.is_directory());
        }
        // A standby makes an unlogged relation's content from the init fork when it is promoted; it has none before.
        const auto is_unlogged_content = [&](const std::string &below) {
            const auto file = parse_relation_file(below);
            return file && file->fork != Fork::Init &&
                   is_directory.contains(fs::path(file->relation + "_init").filename().string());
        };
        for (const auto &[name, has_files] : is_directory) {
            const auto below = path + "/" + name;
            const auto old_below = old_path + "/" + name;
            if (has_files) {
                add_directory(below, old_below, !name.starts_with("pgsql_tmp"));
            } else if (!is_unlogged_content(below)) {
                add({.kind = SeedKind::Copied, .path = below, .old_path = old_below});
            }
        }
    }

    // Of its LOCATION only this major's part: PG_17_202406281 stands where PG_15_202209061 stood.
    void add_tablespace(const std::string &path) {
        const auto of = [&](int major) {
            const auto found = version_directory(new_dir_ / path, major);
            if (!found) {
                throw HelperError(ExitCode::StepFailed,
                                  fmt::format("no directory PG_{}_* in tablespace {}", major, path));
            }
            return path + "/" + found->filename().string();
        };
        add({.kind = SeedKind::Directory, .path = path});
        add_directory(of(target_), of(source_), true);
    }

    // What is Copied may be found to be linked. A batch at a time, since there may be hundreds of thousands.
    void add(SeedFile file) {
        batch_.push_back(std::move(file));
        if (batch_.size() >= kBatch) {
            write_batch();
        }
    }

    void write_batch() {
        look_at_batch();
        for (const auto &file : batch_) {
            if (file.kind == SeedKind::Copied) {
                pack(file);
                copied_bytes_ += file.filled;
            } else if (file.kind != SeedKind::Directory) {
                ++linked_files_;
                linked_bytes_ += file.size;
            }
            add_line(format_seed_file(file));
        }
        batch_.clear();
    }

    // By several threads: writes are refused.
    void look_at_batch() {
        std::atomic<std::size_t> next = 0;
        const auto look = [this, &next] {
            for (auto at = next++; at < batch_.size(); at = next++) {
                if (batch_[at].kind != SeedKind::Directory) {
                    look_at(batch_[at]);
                }
            }
        };
        std::vector<std::future<void>> others(std::clamp(std::thread::hardware_concurrency(), 1U, kThreads) - 1);
        for (auto &other : others) {
            other = std::async(std::launch::async, look);
        }
        look();
        for (auto &other : others) {
            other.get();
        }
    }

    // What is linked is opened only where it has content: there may be tens of thousands.
    void look_at(SeedFile &file) const {
        const auto relation = parse_relation_file(file.path);
        if (const auto size = relation ? size_if_linked(file) : std::nullopt) {
            // No WAL tells of a free space map's every change, and a standby makes a visibility map when its first bit
            // is set: its own are as good as the primary's, and so is none.
            const bool is_map = relation->fork == Fork::FreeSpaceMap || relation->fork == Fork::VisibilityMap;
            file.kind = is_map ? SeedKind::LinkedMap : SeedKind::Linked;
            file.size = *size;
            file.filled = *size == 0 ? 0 : InputFile(new_dir_ / file.path).filled();
        } else {
            const InputFile content(new_dir_ / file.path);
            file.size = content.size();
            file.filled = content.filled();
            Digest digest;
            for_each_piece(content, file.filled, [&digest](const std::string &piece) { digest.add(piece); });
            file.sha256 = digest.finish();
        }
    }

    [[nodiscard]] std::optional<std::uint64_t> size_if_linked(const SeedFile &file) const {
        const auto status = status_if_there(new_dir_ / file.path);
        return status && is_old(file, *status) ? std::optional(static_cast<std::uint64_t>(status->st_size))
                                               : std::nullopt;
    }

    // The file that the old cluster has, or had before it was moved.
    [[nodiscard]] bool is_old(const SeedFile &file, const struct stat &status) const {
        if (moved_) {
            return moved_->contains(swap_place_of(file.path), identity_of(new_dir_ / file.path));
        }
        const auto old_status = status.st_nlink > 1 ? status_if_there(old_dir_ / file.old_path) : std::nullopt;
        return old_status && old_status->st_dev == status.st_dev && old_status->st_ino == status.st_ino;
    }

    void pack(const SeedFile &file) {
        for_each_piece(InputFile(new_dir_ / file.path), file.filled,
                       [this](const std::string &piece) { pack_.write(piece); });
    }

    static void for_each_piece(const InputFile &content, std::uint64_t bytes, const auto &take) {
        for (std::uint64_t at = 0; at < bytes;) {
            const auto piece = content.read(at, std::min(kPiece, bytes - at));
            if (piece.empty()) {
                throw HelperError(ExitCode::StepFailed, "a file of the new cluster becomes shorter while it is read");
            }
            take(piece);
            at += piece.size();
        }
    }

    fs::path new_dir_;
    fs::path old_dir_;
    int source_;
    int target_;
    std::optional<OldFiles> moved_;  // by pg_upgrade --swap
    OutputFile manifest_;
    OutputFile pack_;
    std::vector<SeedFile> batch_;  // in the order of the manifest and of the pack
    std::string lines_;
    Digest digest_;
    std::uint64_t linked_files_ = 0;
    std::uint64_t linked_bytes_ = 0;
    std::uint64_t copied_bytes_ = 0;
};

}  // namespace

fs::path seed_dir(const Node &node) {
    return node.work_dir() / "seed";
}

fs::path seed_manifest(const Node &node) {
    return seed_dir(node) / "manifest";
}

fs::path seed_pack(const Node &node) {
    return seed_dir(node) / "pack";
}

fs::path seed_compressed_pack(const Node &node) {
    return seed_dir(node) / "pack.zst";
}

bool is_seed_wanted(const Context &context) {
    const auto takes_it = [](const AssignedNode &node) { return node.role == Role::Secondary && !node.is_kept; };
    return context.role() != Role::Monitor && takes_old_files(context.method()) &&
           context.standby_method() != "basebackup" && std::ranges::any_of(context.plan.group, takes_it);
}

void note_end_of_old_cluster(const Context &context) {
    const auto control = read_controldata(Installation::from(context.journal).old_bindir, context.node.data_dir);
    context.journal.note(
        kEnd, fmt::format("{} {} {}", control.system_identifier, control.checkpoint_location, control.timeline));
}

nlohmann::json make_seed(const Context &context) {
    const auto &node = context.node;
    const auto control = read_controldata(Installation::from(context.journal).new_bindir, node.data_dir);
    SeedOrigin origin{.old_sysidentifier = 0,
                      .old_checkpoint_location = {},
                      .old_timeline = {},
                      .new_sysidentifier = control.system_identifier,
                      .new_checkpoint_location = control.checkpoint_location};
    std::istringstream noted(context.journal.noted(kEnd).value_or(""));
    if (!(noted >> origin.old_sysidentifier >> origin.old_checkpoint_location >> origin.old_timeline)) {
        throw HelperError(ExitCode::StepFailed, "the journal does not tell where the old cluster has ended");
    }
    remove_seed(node);
    make_directory(seed_dir(node));
    auto made = SeedMaker(context, origin).make();
    // The name by which it is whole. It is not flushed: after a power cut its digests tell what is damaged.
    fs::rename(seed_manifest(node).string() + ".new", seed_manifest(node));
    return made;
}

void compress_seed(const Node &node) noexcept {
    with_errors_logged("the seed is not offered compressed", [&node] {
        if (!fs::exists(seed_pack(node)) || fs::exists(seed_compressed_pack(node))) {
            return;
        }
        const fs::path made = seed_compressed_pack(node).string() + ".new";
        compress_file(seed_pack(node), made);
        fs::rename(made, seed_compressed_pack(node));
    });
}

void remove_seed(const Node &node) {
    fs::remove_all(seed_dir(node));
}

}  // namespace pgaf
