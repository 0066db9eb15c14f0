#include "view/run_records.hpp"

#include <fmt/format.h>

#include "system/document.hpp"

namespace pgaf {

namespace {

std::string text_of(const Document &row, const char *key) {
    return row.maybe_text(key).value_or("");
}

CheckRecord parse_check(const Document &row, const RunRecord &run) {
    return {.nodeid = require_node(run, row),
            .check = row.text("check"),
            .severity = row.text("severity"),
            .passed = row.boolean("passed"),
            .found = text_of(row, "found"),
            .meaning = text_of(row, "meaning"),
            .remedy = text_of(row, "remedy"),
            .waived_at = row.maybe_number("waived_at"),
            .waived_by = text_of(row, "waived_by"),
            .waive_reason = text_of(row, "waive_reason")};
}

CarriedRecord parse_carried(const Document &row, const RunRecord &run) {
    CarriedRecord record{.nodeid = require_node(run, row), .files = row.texts("files"), .changes = {}};
    for (const auto &change : row.objects("changes")) {
        record.changes.push_back({.file = change.text("file"),
                                  .line = change.small_integer("line"),
                                  .before = text_of(change, "before"),
                                  .after = text_of(change, "after")});
    }
    return record;
}

IdentifierRecord parse_identifier(const Document &row) {
    return {.changed_at = row.number("changed_at"),
            .formation = row.text("formation"),
            .group = row.small_integer("group"),
            .node = row.text("node"),
            .before = text_of(row, "before"),
            .after = text_of(row, "after"),
            .changed_by = row.text("changed_by")};
}

BackupRecord parse_backup(const Document &row) {
    return {.taken_at = row.number("taken_at"),
            .label = row.text("label"),
            .tool = row.text("tool"),
            .formation = text_of(row, "formation"),
            .node = text_of(row, "node"),
            .location = text_of(row, "location"),
            .verified_at = row.maybe_number("verified_at")};
}

EventRecord parse_event(const Document &row) {
    return {.at = row.number("at"),
            .nodeid = row.maybe_integer("node"),
            .step = text_of(row, "step"),
            .kind = row.text("kind"),
            .state = text_of(row, "state"),
            .message = text_of(row, "message"),
            .by = text_of(row, "by")};
}

}  // namespace

RunRecords parse_records(const Document &document, const RunRecord &run) {
    RunRecords records;
    for (const auto &row : document.objects("checks")) {
        records.checks.push_back(parse_check(row, run));
    }
    for (const auto &row : document.objects("carried")) {
        records.carried.push_back(parse_carried(row, run));
    }
    for (const auto &row : document.objects("identifiers")) {
        records.identifiers.push_back(parse_identifier(row));
    }
    for (const auto &row : document.objects("backups")) {
        records.backups.push_back(parse_backup(row));
    }
    for (const auto &row : document.objects("events")) {
        records.events.push_back(parse_event(row));
    }
    return records;
}

}  // namespace pgaf
