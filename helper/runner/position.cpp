#include "runner/position.hpp"

#include "run/notes.hpp"
#include "system/error.hpp"

namespace pgaf {

Position::Position(Journal &journal, std::int64_t nodeid, std::function<bool()> is_between_clusters)
    : journal_(journal), nodeid_(nodeid), is_between_clusters_(std::move(is_between_clusters)) {}

const Assignment &Position::plan() const {
    if (!plan_) {
        throw HelperError(ExitCode::Internal, "this node has no plan of a run", "Run pgaf-upgrade run again.");
    }
    return *plan_;
}

void Position::take(const Attached &attached) {
    plan_ = attached.plan;
    journal_.begin_run(attached.document);
}

bool Position::recall() {
    const auto document = journal_.last_plan();
    if (document) {
        take({parse_assignment(*document, "the plan in this node's journal"), *document});
    }
    return document.has_value();
}

bool Position::has_begun_to_go_back() const {
    return journal_.noted(notes::kRollback).has_value();
}

bool Position::is_going_back() const {
    return has_begun_to_go_back() || !journal_.noted(notes::kRollbackAsked).value_or("").empty();
}

std::string_view Position::first_not_done(Role role, bool (*is_meant)(const StepDefinition &)) const {
    for (const auto *definition : steps_of(role)) {
        if (is_meant(*definition) && !journal_.is_done(definition->name)) {
            return definition->name;
        }
    }
    return {};
}

std::string_view Position::switch_step() const {
    if (is_going_back() || !plan_ || plan_->node.role != Role::Primary || !journal_.was_begun(steps::kStop)) {
        return {};
    }
    return first_not_done(Role::Primary, [](const StepDefinition &step) { return step.phase == Phase::Switch; });
}

std::string_view Position::offline_step() const {
    if (is_going_back() || nodeid_ != 0 || !journal_.was_begun(steps::kStop) || journal_.is_done(steps::kStart)) {
        return {};
    }
    if (!journal_.is_done(steps::kStop)) {
        return is_between_clusters_() ? steps::kStop : std::string_view{};
    }
    return first_not_done(Role::Monitor, [](const StepDefinition &step) { return step.offline; });
}

}  // namespace pgaf
