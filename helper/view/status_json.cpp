#include "view/status_json.hpp"

#include <nlohmann/json.hpp>

#include "view/clock.hpp"

namespace pgaf {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;

Json time(Instant moment) {
    return moment ? Json(iso_8601(*moment)) : Json(nullptr);
}

Json text(const std::string &value) {
    return value.empty() ? Json(nullptr) : Json(value);
}

template <typename T>
Json maybe(const std::optional<T> &value) {
    return value ? Json(*value) : Json(nullptr);
}

const char *word_of(Activity::Kind kind) {
    switch (kind) {
        case Activity::Kind::Done:
            return "done";
        case Activity::Kind::Waits:
            return "waiting";
        case Activity::Kind::Works:
            return "working";
        case Activity::Kind::Failed:
            return "failed";
    }
    return "waiting";
}

Json warnings_json(const StepRecord &step) {
    auto list = Json::array();
    for (const auto &warning : step.warnings) {
        list.push_back({{"object", warning.object}, {"error", warning.error}, {"remedy", warning.remedy}});
    }
    return list;
}

Json step_json(const StepRecord &step, double now) {
    Json elapsed = nullptr;
    if (step.started_at && step.state != StepState::Pending) {
        elapsed = (step.state == StepState::Running ? now : step.finished_at.value_or(now)) - *step.started_at;
    }
    return {{"name", step.name},
            {"title", step.title},
            {"guide_step", text(step.guide)},
            {"phase", to_string(step.phase)},
            {"state", to_string(step.state)},
            {"attempts", step.attempts},
            {"first_started_at", time(step.first_started_at)},
            {"started_at", time(step.started_at)},
            {"finished_at", time(step.finished_at)},
            {"elapsed_seconds", elapsed},
            {"progress", text(step.progress)},
            {"error", text(step.error)},
            {"hint", text(step.hint)},
            {"warnings", warnings_json(step)},
            {"acknowledged_at", time(step.acknowledged_at)},
            {"acknowledged_by", text(step.acknowledged_by)},
            {"acknowledge_note", text(step.acknowledge_note)}};
}

Json node_json(const NodeRecord &node, const Activity &activity, double now) {
    auto steps = Json::array();
    for (const auto &step : node.steps) {
        steps.push_back(step_json(step, now));
    }
    return {{"id", node.id},
            {"name", node.name},
            {"host", text(node.host)},
            {"formation", text(node.formation)},
            {"group", node.group},
            {"role", to_string(node.role)},
            {"activity", word_of(activity.kind)},
            {"now", text(activity.what)},
            {"steps_done", count_of(node, StepState::Done)},
            {"steps_total", node.steps.size()},
            {"checks_passed", node.checks_passed},
            {"checks_failed", node.checks_failed},
            {"checks_waived", node.checks_waived},
            {"old_server_version", text(node.old_server_version)},
            {"new_server_version", text(node.new_server_version)},
            {"old_system_identifier", text(node.old_system_identifier)},
            {"new_system_identifier", text(node.new_system_identifier)},
            {"helper_heard_at", time(node.helper_heard_at)},
            {"rolled_back_at", time(node.rollback_done_at)},
            {"steps", steps}};
}

Json run_json(const RunRecord &run) {
    const auto refused = refused_spans(run);
    const auto unprotected = unprotected_spans(run);
    const auto activities = activities_of(run);
    auto nodes = Json::array();
    std::size_t total = 0;
    for (std::size_t at = 0; at < run.nodes.size(); ++at) {
        nodes.push_back(node_json(run.nodes[at], activities[at], run.at));
        total += run.nodes[at].steps.size();
    }
    return {{"number", run.run},
            {"state", to_string(run.state)},
            {"source_version", maybe(run.source_version)},
            {"target_version", run.target_version},
            {"method", run.method},
            {"note", text(run.note)},
            {"started_at", iso_8601(run.started_at)},
            {"started_by", run.started_by},
            {"approved_at", time(run.approved_at)},
            {"approved_by", text(run.approved_by)},
            {"not_before", time(run.not_before)},
            {"ended_at", time(run.ended_at)},
            {"end_reason", text(run.end_reason)},
            {"elapsed_seconds", run.ended_at.value_or(run.at) - run.started_at},
            {"waiting_for", text(run.waiting_for)},
            {"steps_done", count_of(run, StepState::Done)},
            {"steps_total", total},
            {"open_warnings", open_warnings(run)},
            {"writes",
             {{"refused_now", lasts(refused)},
              {"refused_seconds", maybe(longest(refused, run.at))},
              {"expected_refused_seconds", maybe(run.expected_refused_s)}}},
            {"redundancy",
             {{"none_now", lasts(unprotected)},
              {"none_seconds", maybe(longest(unprotected, run.at))},
              {"back_after_seconds", maybe(run.redundancy_after_s)},
              {"expected_back_after_seconds", maybe(run.expected_redundancy_after_s)}}},
            {"nodes", nodes}};
}

}  // namespace

Json status_json(const std::optional<RunRecord> &run) {
    return {{"schema_version", kSchemaVersion},
            {"at", run ? Json(iso_8601(run->at)) : Json(nullptr)},
            {"run", run ? run_json(*run) : Json(nullptr)}};
}

}  // namespace pgaf
