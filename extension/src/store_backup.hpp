#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "src/store.hpp"

// The queries about backups. Times are in PostgreSQL's text form.
namespace pgaf::store {

struct Backup {
    std::optional<std::int64_t> runid;
    Text formation;
    std::optional<std::int64_t> nodeid;  // 0 is the monitor, none is the whole formation
    Text node;
    std::string label;
    std::string tool;
    std::string taken_at;
    Text location;
    Text verified_at;
    Text note;
    bool is_claim = false;  // of a node's helper, and not the operator's word
};

// Whether the time is one, and past: not infinite and not later than now.
bool is_past(const std::string &time);
bool is_before(const std::string &one, const std::string &other);

struct RecordedBackup {
    std::int64_t backupid = 0;
    std::string taken_at;
    bool same_time = true;
    bool is_claim = false;
};
// The backup that this tool made with this label of the same node or formation.
std::optional<RecordedBackup> backup_of_label(const Backup &backup);

std::int64_t insert_backup(const Backup &backup);
// What the operator adds to a claim makes it his own word.
void update_backup(std::int64_t backupid, const Backup &backup);

std::optional<std::int64_t> active_run_of_formation(const std::string &formation);

}  // namespace pgaf::store
