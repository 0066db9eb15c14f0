#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "postgres/controldata.hpp"
#include "seed/manifest_reader.hpp"
#include "seed/relation_file.hpp"
#include "seed/seed.hpp"
#include "seed/standby.hpp"
#include "system/digest.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"
#include "system/raw_file.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

// Its own word, after its own clean stop, that it has replayed everything up to the primary's shutdown checkpoint, and
// that what it replayed is on its disk.
void require_same_end(const Context &context, const SeedOrigin &origin) {
    const auto own = read_controldata(Installation::from(context.journal).old_bindir, context.old_dir());
    const auto require = [](const char *what, const std::string &mine, const std::string &primary) {
        if (mine != primary) {
            throw LinksRefused(fmt::format("this standby's {} is {}, the primary's was {}", what, mine, primary));
        }
    };
    require("system identifier", std::to_string(own.system_identifier), std::to_string(origin.old_sysidentifier));
    require("timeline", own.timeline, origin.old_timeline);
    require("latest checkpoint location", own.checkpoint_location, origin.old_checkpoint_location);
    if (own.state != "shut down in recovery") {
        throw LinksRefused(fmt::format("this standby's server is \"{}\", not \"shut down in recovery\"", own.state));
    }
}

class StandbyBuilder {
  public:
    explicit StandbyBuilder(const Context &context)
        : node_(context.node),
          new_dir_(context.node.data_dir),
          old_dir_(context.old_dir()),
          pack_(seed_pack(context.node)),
          mode_(fs::status(old_dir_ / "PG_VERSION").permissions()),
          directory_mode_(fs::status(old_dir_).permissions()) {}

    void add(const SeedFile &file) {
        switch (file.kind) {
            case SeedKind::Directory:
                add_directory(file.path);
                break;
            case SeedKind::Copied:
                unpack(file);
                break;
            case SeedKind::Linked:
            case SeedKind::LinkedMap:
                link(file);
                break;
        }
    }

    // All that was made is on the disk.
    void flush() const {
        flush_file_system(new_dir_);
        for (const auto &location : locations_) {
            flush_file_system(location);
        }
    }

    [[nodiscard]] nlohmann::json result() const {
        return {{"linked_files", linked_files_}, {"linked_bytes", linked_bytes_}, {"copied_bytes", at_}};
    }

  private:
    void add_directory(const std::string &path) {
        const fs::path relative = path;
        if (relative.parent_path() == "pg_tblspc") {
            const auto own = old_dir_ / relative;
            std::error_code missing;
            if (!fs::is_symlink(own, missing) || !fs::is_directory(own, missing)) {
                throw LinksRefused(fmt::format("this standby has no tablespace \"{}\"", own.string()));
            }
            fs::create_symlink(fs::read_symlink(own), new_dir_ / relative);
            locations_.insert(fs::canonical(own));
            return;
        }
        fs::create_directory(new_dir_ / relative);
        fs::permissions(new_dir_ / relative, directory_mode_);
    }

    void unpack(const SeedFile &file) {
        const auto path = new_dir_ / file.path;
        OutputFile output(path, static_cast<mode_t>(mode_));
        Digest digest;
        for (std::uint64_t done = 0; done < file.filled;) {
            const auto piece = pack_.read(at_, std::min(kPiece, file.filled - done));
            if (piece.empty()) {
                refuse_damaged(file);
            }
            digest.add(piece);
            output.write(piece);
            at_ += piece.size();
            done += piece.size();
        }
        if (digest.finish() != file.sha256) {
            refuse_damaged(file);
        }
        output.set_size(file.size);
    }

    void link(const SeedFile &file) {
        const auto old_path = old_dir_ / file.old_path;
        if (!fs::exists(old_path)) {
            if (file.kind == SeedKind::LinkedMap || is_unwritten_segment(file)) {
                return;
            }
            throw LinksRefused(fmt::format("this standby has no \"{}\"", old_path.string()));
        }
        const InputFile own(old_path);
        if (file.kind == SeedKind::Linked && !has_content_of(file, own.size(), own.filled())) {
            throw LinksRefused(
                fmt::format("\"{}\" has {} bytes, {} of them written, on this standby, and {}, {} of "
                            "them written, on the primary",
                            old_path.string(), own.size(), own.filled(), file.size, file.filled));
        }
        if (::link(old_path.c_str(), (new_dir_ / file.path).c_str()) != 0) {
            if (errno == EXDEV) {
                throw LinksRefused(fmt::format("\"{}\" is on another file system", old_path.string()));
            }
            fail_by_errno(fmt::format("link to \"{}\"", (new_dir_ / file.path).string()), old_path);
        }
        ++linked_files_;
        linked_bytes_ += own.size();
    }

    // A segment of 1 GB that the primary has added and never written is not told of in WAL.
    [[nodiscard]] static bool is_unwritten_segment(const SeedFile &file) {
        const auto relation = parse_relation_file(file.path);
        return file.filled == 0 && relation && relation->segment > 0;
    }

    [[noreturn]] static void refuse_damaged(const SeedFile &file) {
        throw SeedDamaged(fmt::format("the seed's content of \"{}\" is damaged", file.path));
    }

    const Node &node_;
    fs::path new_dir_;
    fs::path old_dir_;
    InputFile pack_;
    fs::perms mode_;
    fs::perms directory_mode_;
    std::uint64_t at_ = 0;  // in the pack
    std::set<fs::path> locations_;
    std::uint64_t linked_files_ = 0;
    std::uint64_t linked_bytes_ = 0;
};

}  // namespace

nlohmann::json link_standby(const Context &context, const SeedOrigin &origin) {
    require_same_end(context, origin);
    StandbyBuilder builder(context);
    ManifestReader manifest(seed_manifest(context.node));
    const FaultWatch watch(steps::kRebuild, "middle", std::chrono::milliseconds(20));
    while (const auto file = manifest.next()) {
        builder.add(*file);
    }
    builder.flush();
    return builder.result();
}

bool has_replayed_marker(const Context &context) {
    auto server = context.local_server(context.node.config.dbname);
    if (server.single("SELECT pg_catalog.to_regclass('pgaf_upgrade_seed.marker') IS NOT NULL") != "t") {
        return false;
    }
    const auto control = read_controldata(Installation::from(context.journal).new_bindir, context.node.data_dir);
    return server.single("SELECT count(*) FROM pgaf_upgrade_seed.marker WHERE new_sysidentifier = $1",
                         {std::to_string(control.system_identifier)}) == "1";
}

}  // namespace pgaf
