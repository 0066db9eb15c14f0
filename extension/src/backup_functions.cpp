#include <algorithm>

#include "core/claims.hpp"
#include "core/errors.hpp"
#include "src/functions.hpp"
#include "src/node_argument.hpp"
#include "src/store_backup.hpp"
#include "src/text.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::functions {

namespace {

void require_past(const std::string &time, const char *name) {
    if (!store::is_past(time)) {
        throw Error(code::kBadArgument, std::string(name) + " " + time + " is not a time that has passed",
                    "Record a backup when it has been taken, a verification when it has been done.");
    }
}

// What the backup is of, into the backup: a formation, or one node, or the monitor.
void find_subject(store::Backup &backup, const Text &formation, const Text &node) {
    if (!formation && !node) {
        throw Error(code::kBadArgument, "a backup is of a formation or of a node",
                    "Give formation => '...', or node => '...' with a node's id or name or with monitor.");
    }
    if (formation) {
        const auto formations = store::formations();
        if (std::ranges::find(formations, *formation) == formations.end()) {
            throw Error(code::kUnknownObject, "there is no formation \"" + *formation + "\"",
                        "The monitor knows: " + joined(formations) + ".");
        }
        backup.formation = formation;
        backup.runid = store::active_run_of_formation(*formation);
    }
    if (!node) {
        return;
    }
    auto nodes = named(store::cluster_nodes());
    if (formation) {
        std::erase_if(nodes, [&](const NamedNode &other) { return other.formation != *formation; });
    } else {
        nodes.push_back({0, "monitor", ""});
    }
    const auto meant = require_node(nodes, *node, kListOfNodes);
    backup.nodeid = meant.nodeid;
    backup.node = meant.name;
    backup.formation = meant.formation.empty() ? Text() : meant.formation;
    backup.runid = store::active_run_of_node(meant.nodeid);
}

}  // namespace

Outcome pgaf_upgrade_record_backup(const Arguments &arguments) {
    store::Backup backup;
    backup.label = arguments.required_words(0, "label", "Give the name that the tool has for the backup.");
    backup.tool = arguments.required_words(1, "tool", "Name the program that made it, such as pg_basebackup.");
    backup.taken_at = arguments.required(2, "taken_at");
    backup.location = arguments.text(5);
    backup.verified_at = arguments.text(6);
    backup.note = claims::require_text("note", arguments.text(7));
    claims::require_name("label", backup.label);
    claims::require_name("tool", backup.tool);
    if (backup.location) {
        claims::require_path("location", *backup.location);
    }
    require_past(backup.taken_at, "taken_at");
    if (backup.verified_at) {
        require_past(*backup.verified_at, "verified_at");
        if (store::is_before(*backup.verified_at, backup.taken_at)) {
            throw Error(code::kBadArgument, "the backup cannot have been verified before it was taken",
                        "Leave verified_at null until it has been restored somewhere, or otherwise proved.");
        }
    }
    find_subject(backup, arguments.text(3), arguments.text(4));
    backup.is_claim = store::session_is_node();
    if (backup.is_claim && (!backup.nodeid || *backup.nodeid == 0)) {
        throw Error(code::kNotAllowed, "a node's helper may record backups of data nodes only",
                    "Record it as the owner of the extension, or as a role that this function is granted to.");
    }

    std::int64_t backupid = 0;
    if (const auto known = store::backup_of_label(backup)) {
        if (!known->same_time) {
            throw Error(
                code::kBadArgument,
                "backup " + backup.label + " of " + backup.tool + " is recorded already, taken at " + known->taken_at,
                "Give another label, or the same taken_at to add to what is recorded.");
        }
        if (backup.is_claim && !known->is_claim) {
            throw Error(code::kNotAllowed,
                        "backup " + backup.label + " of " + backup.tool + " was not recorded by a node's helper",
                        "A node's helper may not add to what the operator has recorded.");
        }
        backupid = known->backupid;
        store::update_backup(backupid, backup);
    } else {
        backupid = store::insert_backup(backup);
    }
    store::record_event(backup.runid, backup.nodeid, "", "backup", "",
                        backup.label + " by " + backup.tool + ", of " +
                            (backup.node ? *backup.node : "formation " + backup.formation.value_or("")) +
                            (backup.verified_at ? ", verified" : "") + (backup.is_claim ? ", claimed by a node" : ""));
    return {std::to_string(backupid), {}};
}

}  // namespace pgaf::functions
