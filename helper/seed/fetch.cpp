#include <chrono>
#include <functional>
#include <optional>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "seed/manifest_reader.hpp"
#include "seed/seed.hpp"
#include "seed/seed_transfer.hpp"
#include "seed/standby.hpp"
#include "system/compression.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"
#include "system/raw_file.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

class SeedSource {
  public:
    SeedSource(const Context &context, const std::string &conninfo)
        : context_(context),
          server_(fmt::format("{} dbname={}", conninfo, quote_conninfo(context.node.config.dbname))) {
        require_of_superuser();
    }

    // From where the file ends, to the end of the part; or until leave(bytes that are there), which is asked after each
    // piece. Returns whether the file is whole. It gets no longer than the part was said to be.
    bool append(const std::string &part, const fs::path &path, const std::function<bool(std::uint64_t)> &leave) {
        OutputFile file(path, 0600, OutputFile::Begin::Append);
        const auto most = size(part);
        auto at = fs::file_size(path);
        while (true) {
            const auto piece = server_.bytes("SELECT pgaf_upgrade_seed.read($1, $2, $3)",
                                             {part, std::to_string(at), std::to_string(kPiece)});
            at += piece.size();
            if (at > most || piece.size() > kPiece) {
                throw SeedDamaged(fmt::format("the {} is longer than the primary has said", part));
            }
            file.write(piece);
            if (piece.size() < kPiece) {
                return true;
            }
            context_.say(fmt::format("fetching the seed: {} MB", at / kPiece));
            fault_point(steps::kRebuild, "fetching");
            if (leave(at)) {
                return false;
            }
        }
    }

    void append(const std::string &part, const fs::path &path) {
        append(part, path, [](std::uint64_t) { return false; });
    }

    // In bytes; nothing where there is no such part.
    std::optional<std::uint64_t> size(const std::string &part) {
        const auto rows = server_.query("SELECT pgaf_upgrade_seed.size($1)", {part});
        const auto size = rows.value(0, 0);
        return size ? std::optional<std::uint64_t>(std::stoull(*size)) : std::nullopt;
    }

  private:
    // Where no seed is offered, whoever may create a schema could offer one of his own.
    void require_of_superuser() {
        const auto others = server_.query(
            "SELECT r.rolname FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_proc p ON p.pronamespace = n.oid"
            "  JOIN pg_catalog.pg_roles r ON r.oid IN (n.nspowner, p.proowner)"
            " WHERE n.nspname = 'pgaf_upgrade_seed' AND NOT r.rolsuper");
        if (others.size() > 0) {
            throw LinksRefused(fmt::format("the schema pgaf_upgrade_seed on the primary is {}'s, who is no superuser",
                                           others.text(0, "rolname")));
        }
    }

    const Context &context_;
    Connection server_;
};

// The pack, or its compressed form where that is here sooner; which of them was begun, is gone on with.
void fetch_pack(const Context &context, SeedSource &source) {
    const auto pack = seed_pack(context.node);
    const auto compressed = seed_compressed_pack(context.node);
    if (!fs::exists(compressed)) {
        const auto whole = source.size("pack");
        const auto other = source.size("pack.zst");
        std::optional<std::chrono::steady_clock::time_point> begun;
        std::uint64_t there = 0;
        const auto is_left = [&](std::uint64_t received) {
            if (!begun) {  // the first piece has waited for more than the network
                begun = std::chrono::steady_clock::now();
                there = received;
                return false;
            }
            const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - *begun;
            return whole && other &&
                   is_compressed_sooner({.bytes = *whole,
                                         .compressed = *other,
                                         .received = received,
                                         .counted = received - there,
                                         .seconds = passed.count()});
        };
        if (source.append("pack", pack, is_left)) {
            return;
        }
        spdlog::info("the network is slow: the rest of the seed is fetched compressed");
    }
    source.append("pack.zst", compressed);
    try {
        decompress_file(compressed, pack, source.size("pack").value_or(0));
    } catch (const CompressionDamaged &error) {
        throw SeedDamaged(error.what());
    }
    fs::remove(compressed);
}

// What the primary's helper has reported to the monitor, by another way than this.
void require_as_reported(const Context &context, const fs::path &manifest) {
    const auto &reported = context.plan.seed_sha256;
    if (reported && *reported != ManifestReader(manifest).sha256()) {
        throw LinksRefused("the primary offers another seed than the one that its helper has reported to the monitor");
    }
}

std::string first_line(const fs::path &path) {
    const auto begin = InputFile(path).read(0, 1024);
    return begin.substr(0, begin.find('\n'));
}

}  // namespace

SeedOrigin fetch_seed(const Context &context, const std::string &conninfo) {
    const auto &node = context.node;
    const auto manifest = seed_manifest(node);
    make_directory(seed_dir(node));
    SeedSource source(context, conninfo);
    try {
        // The manifest is small and read anew; a pack that was begun is gone on with when it is of the same seed.
        const fs::path fresh = manifest.string() + ".new";
        fs::remove(fresh);
        source.append("manifest", fresh);
        if (fs::exists(manifest) && first_line(manifest) != first_line(fresh)) {
            fs::remove(seed_pack(node));
            fs::remove(seed_compressed_pack(node));
        }
        fs::rename(fresh, manifest);
        require_as_reported(context, manifest);
        fetch_pack(context, source);
    } catch (const PgError &error) {
        if (error.is_transient()) {
            throw;
        }
        throw LinksRefused(fmt::format("the primary offers no seed: {}", error.what()));
    }
    return ManifestReader(manifest).origin();
}

}  // namespace pgaf
