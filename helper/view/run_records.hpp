#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "view/run_record.hpp"

// What was found and done in a run, as pgaf_upgrade_report() tells it beside the run itself: what the report's tables
// are made of. Texts that there are not are empty.
namespace pgaf {

struct CheckRecord {
    std::int64_t nodeid = 0;  // a node of the run
    std::string check;
    std::string severity;
    bool passed = false;
    std::string found;
    std::string meaning;
    std::string remedy;
    Instant waived_at;
    std::string waived_by;
    std::string waive_reason;
};

struct CarriedLine {
    std::string file;
    int line = 0;  // 0: it was added at the end
    std::string before;
    std::string after;
};

struct CarriedRecord {
    std::int64_t nodeid = 0;  // a node of the run
    std::vector<std::string> files;
    std::vector<CarriedLine> changes;
};

struct IdentifierRecord {
    double changed_at = 0;
    std::string formation;
    int group = 0;
    std::string node;
    std::string before;
    std::string after;
    std::string changed_by;
};

struct BackupRecord {
    double taken_at = 0;
    std::string label;
    std::string tool;
    std::string formation;
    std::string node;
    std::string location;
    Instant verified_at;
};

struct EventRecord {
    double at = 0;
    std::optional<std::int64_t> nodeid;  // none: of the whole run
    std::string step;
    std::string kind;
    std::string state;
    std::string message;
    std::string by;
};

struct RunRecords {
    std::vector<CheckRecord> checks;
    std::vector<CarriedRecord> carried;
    std::vector<IdentifierRecord> identifiers;
    std::vector<BackupRecord> backups;
    std::vector<EventRecord> events;
};

// Of the document that the run was parsed from. Throws HelperError(Internal), which says what is missing or not as it
// should be.
[[nodiscard]] RunRecords parse_records(const Document &document, const RunRecord &run);

}  // namespace pgaf
