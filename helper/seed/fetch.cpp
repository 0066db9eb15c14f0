#include <fmt/format.h>

#include "fault.hpp"
#include "files.hpp"
#include "raw_file.hpp"
#include "seed/manifest_reader.hpp"
#include "seed/standby.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr std::uint64_t kPiece = 1U << 20U;

class SeedSource {
  public:
    SeedSource(const Context &context, const std::string &conninfo)
        : context_(context),
          server_(fmt::format("{} dbname={}", conninfo, quote_conninfo(context.node.config.dbname)),
                  context.node.owner) {}

    // From where the file ends, to the end of the part.
    void append(const std::string &part, const fs::path &path) {
        const auto &owner = context_.node.owner;
        OutputFile file(path, owner.uid, owner.gid, 0600, OutputFile::Begin::Append);
        auto at = fs::file_size(path);
        while (true) {
            const auto piece = server_.bytes("SELECT pgaf_upgrade_seed.read($1, $2, $3)",
                                             {part, std::to_string(at), std::to_string(kPiece)});
            file.write(piece);
            at += piece.size();
            if (piece.size() < kPiece) {
                return;
            }
            context_.say(fmt::format("fetching the seed: {} MB", at / kPiece));
            fault_point("rebuild", "fetching");
        }
    }

  private:
    const Context &context_;
    Connection server_;
};

std::string first_line(const fs::path &path) {
    const auto begin = InputFile(path).read(0, 1024);
    return begin.substr(0, begin.find('\n'));
}

}  // namespace

SeedOrigin fetch_seed(const Context &context, const std::string &conninfo) {
    const auto &node = context.node;
    const auto manifest = seed_manifest(node);
    const auto pack = seed_pack(node);
    make_directory(seed_dir(node), node.owner);
    SeedSource source(context, conninfo);
    try {
        // The manifest is small and read anew; a pack that was begun is gone on with when it is of the same seed.
        const fs::path fresh = manifest.string() + ".new";
        fs::remove(fresh);
        source.append("manifest", fresh);
        if (fs::exists(manifest) && first_line(manifest) != first_line(fresh)) {
            fs::remove(pack);
        }
        fs::rename(fresh, manifest);
        source.append("pack", pack);
    } catch (const PgError &error) {
        if (error.is_transient()) {
            throw;
        }
        throw LinksRefused(fmt::format("the primary offers no seed: {}", error.what()));
    }
    return ManifestReader(manifest).origin();
}

}  // namespace pgaf
