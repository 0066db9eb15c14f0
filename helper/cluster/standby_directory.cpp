#include "cluster/standby_directory.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cluster/new_cluster.hpp"
#include "postgres/controldata.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

std::vector<fs::path> locations_of(const fs::path &cluster) {
    std::vector<fs::path> locations;
    for (const auto &link : fs::directory_iterator(cluster / "pg_tblspc")) {
        locations.push_back(fs::canonical(link.path()));
    }
    return locations;
}

std::vector<fs::path> entries_of(const fs::path &directory) {
    std::vector<fs::path> entries;
    for (const auto &entry : fs::directory_iterator(directory)) {
        entries.push_back(entry.path());
    }
    return entries;
}

}  // namespace

fs::path incoming_in(const fs::path &location) {
    return location / "pgaf_upgrade_incoming";
}

fs::path spare_dir(const Context &context) {
    return context.node.beside("_pgaf_spare");
}

void put_old_cluster_aside(const Context &context) {
    const auto &data_dir = context.node.data_dir;
    const auto spare = spare_dir(context);
    settle_exchange(data_dir);
    if (major_of(data_dir) == context.source() && !fs::exists(context.old_dir())) {
        make_directory(spare);
        copy_attributes(data_dir, spare);
        note_made(context, spare);
        exchange_durably(data_dir, spare);
    }
    fault_point(steps::kRebuild, "renamed");
    if (major_of(spare) == context.source()) {
        rename_durably(spare, context.old_dir());
    }
}

// One that did not end is of no use, and there may be no room for a second one.
void remove_partial_standby(const Context &context) {
    const auto &data_dir = context.node.data_dir;
    const auto spare = spare_dir(context);
    if (major_of(context.old_dir()) != context.source() || major_of(data_dir) == context.source()) {
        throw HelperError(ExitCode::StepFailed,
                          fmt::format("\"{}\" is not the old cluster", context.old_dir().string()),
                          "Look where it is: without it this standby is not rebuilt.");
    }
    fs::remove_all(spare);  // a removal that was interrupted
    if (!fs::is_empty(data_dir)) {
        make_directory(spare);
        note_made(context, spare);
        exchange_durably(data_dir, spare);
        fs::remove_all(spare);
    }
    const auto made = fmt::format("PG_{}_", context.target());
    for (const auto &location : locations_of(context.old_dir())) {
        for (const auto &entry : entries_of(location)) {
            if (entry.filename().string().starts_with(made) || entry == incoming_in(location)) {
                fs::remove_all(entry);
            }
        }
    }
}

std::vector<TablespaceMapping> tablespace_mappings(const Context &context) {
    std::vector<TablespaceMapping> mappings;
    for (const auto &link : fs::directory_iterator(context.old_dir() / "pg_tblspc")) {
        mappings.push_back({fs::read_symlink(link.path()), incoming_in(fs::canonical(link.path()))});
    }
    return mappings;
}

void bring_in_tablespaces(const Context &context) {
    for (const auto &link : fs::directory_iterator(context.node.data_dir / "pg_tblspc")) {
        const auto incoming = fs::read_symlink(link.path());
        const auto location = incoming.parent_path();
        if (incoming != incoming_in(location)) {
            continue;
        }
        for (const auto &entry : entries_of(incoming)) {
            rename_durably(entry, location / entry.filename());
        }
        const auto own = context.old_dir() / "pg_tblspc" / link.path().filename();
        const fs::path beside = link.path().string() + ".new";
        fs::create_symlink(fs::read_symlink(own), beside);
        fs::rename(beside, link.path());
        fs::remove(incoming);
    }
    flush_directory(context.node.data_dir / "pg_tblspc");
}

nlohmann::json kept_tablespaces(const Context &context) {
    auto kept = nlohmann::json::array();
    for (const auto &location : locations_of(context.old_dir())) {
        kept.push_back({{"location", location.string()}, {"kept_in", location.string()}});
    }
    return kept;
}

}  // namespace pgaf
