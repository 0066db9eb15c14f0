#include "monitor/assignment.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/method.hpp"
#include "system/document.hpp"

namespace pgaf {

namespace {

AssignedNode parse_node(const Document &node) {
    return {.id = node.integer("id"),
            .name = node.text("name"),
            .role = node.named("role", parse_role),
            .formation = node.text("formation"),
            .group = node.small_integer("group"),
            .is_kept = node.boolean("kept")};
}

AssignedStep parse_step(const Document &step, Role role) {
    AssignedStep parsed{.name = step.text("name"), .state = step.named("state", parse_step_state)};
    if (find_step(role, parsed.name) == nullptr) {
        step.refuse_name("name", parsed.name);
    }
    return parsed;
}

void require_one_of(const Document &plan, const char *key, bool (*is_known)(std::string_view)) {
    if (const auto name = plan.text(key); !is_known(name)) {
        plan.refuse_name(key, name);
    }
}

Assignment parse_plan(const Document &plan) {
    require_one_of(plan, "method", is_method);
    require_one_of(plan, "standby_method", is_standby_method);
    require_one_of(plan, "on_failure", is_on_failure);
    Assignment parsed{.run = plan.integer("run"),
                      .started_at = plan.text("started_at"),
                      .state = plan.named("state", parse_run_state),
                      .source_version = plan.maybe_small_integer("source_version"),
                      .target_version = plan.small_integer("target_version"),
                      .method = plan.text("method"),
                      .standby_method = plan.text("standby_method"),
                      .discards_new_data = plan.boolean("discards_new_data"),
                      .on_failure = plan.text("on_failure"),
                      .attempt = plan.small_integer("attempt"),
                      .number_sync_standbys = plan.maybe_small_integer("number_sync_standbys").value_or(0),
                      .seed_sha256 = plan.maybe_text("seed_sha256"),
                      .node = parse_node(plan.object("node")),
                      .group = {},
                      .steps = {}};
    for (const auto &node : plan.objects("group")) {
        parsed.group.push_back(parse_node(node));
    }
    for (const auto &step : plan.objects("steps")) {
        parsed.steps.push_back(parse_step(step, parsed.node.role));
    }
    return parsed;
}

}  // namespace

StepState Assignment::state_of(std::string_view step) const {
    const auto found = std::ranges::find(steps, step, &AssignedStep::name);
    if (found == steps.end()) {
        throw HelperError(ExitCode::Internal, fmt::format("the plan has no step \"{}\"", step), kOtherVersion);
    }
    return found->state;
}

const AssignedNode &Assignment::group_primary() const {
    const auto found = std::ranges::find(group, Role::Primary, &AssignedNode::role);
    if (found == group.end()) {
        throw HelperError(ExitCode::Internal, "the plan names no primary", kOtherVersion);
    }
    return *found;
}

Assignment parse_assignment(std::string_view text, const std::string &whose) {
    Assignment assignment;
    read_document(text, whose, [&](const Document &plan) { assignment = parse_plan(plan); });
    return assignment;
}

}  // namespace pgaf
