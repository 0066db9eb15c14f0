#include <algorithm>

#include <fmt/format.h>

#include "system/document.hpp"
#include "view/run_record.hpp"

namespace pgaf {

namespace {

std::string text(const Document &row, const char *key) {
    return row.maybe_text(key).value_or("");
}

NodeRecord parse_node(const Document &row) {
    NodeRecord node;
    node.id = row.integer("id");
    node.name = row.text("name");
    node.host = text(row, "host");
    node.formation = row.text("formation");
    node.port = row.small_integer("port");
    node.group = row.small_integer("group");
    node.rank = row.small_integer("rank");
    node.is_kept = row.boolean("kept");
    node.role = row.named("role", parse_role);
    node.old_system_identifier = text(row, "old_system_identifier");
    node.new_system_identifier = text(row, "new_system_identifier");
    node.old_server_version = text(row, "old_server_version");
    node.new_server_version = text(row, "new_server_version");
    node.old_pgautofailover = text(row, "old_pgautofailover");
    node.new_pgautofailover = text(row, "new_pgautofailover");
    node.data_directory = text(row, "data_directory");
    node.helper_heard_at = row.maybe_number("helper_heard_at");
    node.checks_passed = row.small_integer("checks_passed");
    node.checks_failed = row.small_integer("checks_failed");
    node.checks_waived = row.small_integer("checks_waived");
    node.rollback_asked_at = row.maybe_number("rollback_asked_at");
    node.rollback_done_at = row.maybe_number("rollback_done_at");
    node.discarded = text(row, "discarded");
    return node;
}

// One that is of another version of the extension is shown by its name.
StepRecord parse_step(const Document &row, const NodeRecord &node) {
    StepRecord step;
    step.nodeid = node.id;
    step.name = row.text("step");
    const auto *definition = find_step(node.role, step.name);
    step.title = definition == nullptr ? step.name : std::string(definition->title);
    step.guide = definition == nullptr ? "" : std::string(definition->guide);
    step.phase = definition == nullptr ? Phase::Prepare : definition->phase;
    step.background = definition != nullptr && definition->background;
    step.state = row.named("state", parse_step_state);
    step.attempts = row.small_integer("attempts");
    step.first_started_at = row.maybe_number("first_started_at");
    step.started_at = row.maybe_number("started_at");
    step.finished_at = row.maybe_number("finished_at");
    step.progress = text(row, "progress");
    step.error = text(row, "error");
    step.hint = text(row, "hint");
    for (const auto &warning : row.objects("warnings")) {
        step.warnings.push_back({warning.text("object"), warning.text("error"), warning.text("remedy")});
    }
    step.acknowledged_at = row.maybe_number("acknowledged_at");
    step.acknowledged_by = text(row, "acknowledged_by");
    step.acknowledge_note = text(row, "acknowledge_note");
    return step;
}

}  // namespace

std::int64_t require_node(const RunRecord &run, const Document &row) {
    const auto id = row.integer("node");
    if (run.node(id) == nullptr) {
        row.refuse_name("node", fmt::format("{}", id));
    }
    return id;
}

RunRecord parse_run(const Document &document) {
    RunRecord run;
    run.at = document.number("at");
    run.run = document.integer("run");
    run.state = document.named("state", parse_run_state);
    run.source_version = document.maybe_small_integer("source_version");
    run.target_version = document.small_integer("target_version");
    run.method = document.text("method");
    run.note = text(document, "note");
    run.started_by = text(document, "started_by");
    run.approved_by = text(document, "approved_by");
    run.ended_by = text(document, "ended_by");
    run.end_reason = text(document, "end_reason");
    run.waiting_for = text(document, "waiting_for");
    run.started_at = document.number("started_at");
    run.approved_at = document.maybe_number("approved_at");
    run.not_before = document.maybe_number("not_before");
    run.ended_at = document.maybe_number("ended_at");
    run.expected_refused_s = document.maybe_number("expected_refused_s");
    run.redundancy_after_s = document.maybe_number("redundancy_after_s");
    run.expected_redundancy_after_s = document.maybe_number("expected_redundancy_after_s");
    for (const auto &row : document.objects("nodes")) {
        run.nodes.push_back(parse_node(row));
    }
    for (const auto &row : document.objects("steps")) {
        auto &node = *std::ranges::find(run.nodes, require_node(run, row), &NodeRecord::id);
        node.steps.push_back(parse_step(row, node));
    }
    for (const auto &row : document.objects("maintenance")) {
        // one of a node that is not of the run is none of its spans
        if (const auto *node = run.node(row.integer("node"))) {
            run.maintenance.emplace_back(node->id, Span{.formation = node->formation,
                                                        .group = node->group,
                                                        .from = row.number("started_at"),
                                                        .to = row.maybe_number("ended_at")});
        }
    }
    return run;
}

}  // namespace pgaf
