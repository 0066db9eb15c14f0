#include "runner/host_workplace.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "cluster/new_data.hpp"
#include "cluster/private_server.hpp"
#include "cluster/serving_server.hpp"
#include "postgres/controldata.hpp"
#include "run/software.hpp"
#include "steps/steps.hpp"

namespace pgaf {

HostWorkplace::HostWorkplace(const Node &node, Journal &journal)
    : node_(node), journal_(journal), token_(journal.token()), monitor_(node) {}

Context HostWorkplace::context(const Assignment &plan, Say say) {
    return {
        .node = node_, .monitor = monitor_, .journal = journal_, .plan = plan, .token = token_, .say = std::move(say)};
}

nlohmann::json HostWorkplace::carry_out(const Assignment &plan, std::string_view step, const Say &say) {
    const auto with = context(plan, say);
    const auto found = step_by_name(step).probe(with);
    if (found.progress == Progress::Done) {
        spdlog::info("step {} is found done", step);
        return *found.result;
    }
    if (found.progress == Progress::Partial) {
        spdlog::info("step {} is found partly done", step);
    }
    return step_by_name(step).perform(with);
}

void HostWorkplace::undo(const Assignment &plan, std::string_view step, const Say &say) {
    step_by_name(step).undo(context(plan, say));
}

bool HostWorkplace::is_between_clusters() {
    return std::filesystem::exists(node_.guard_flag());
}

void HostWorkplace::keep_server_up(const Assignment &plan) {
    const auto with = context(plan);
    if (with.is_swapped() && !node_.running_server()) {
        spdlog::warn("the new server does not run: it is started again");
        start_server(with);
    }
}

nlohmann::json HostWorkplace::software(const Assignment &plan) {
    const int target = plan.target_version;
    return to_json(software_of(Installation::find(node_, target), target));
}

std::string HostWorkplace::edited_since_shown(const Assignment &plan, const Say &say) {
    return not_as_shown(context(plan, say));
}

std::string HostWorkplace::found_at_gate(const Assignment &plan, const Say &say) {
    return look_at_gate(context(plan, say));
}

bool HostWorkplace::is_swapped(const Assignment &plan) {
    return context(plan).is_swapped();
}

bool HostWorkplace::has_old_cluster_aside(const Assignment &plan) {
    const auto with = context(plan);
    return with.is_swapped() && major_of(with.old_dir()) == with.source();
}

bool HostWorkplace::was_new_server_started(const Assignment &plan) {
    return pgaf::was_new_server_started(context(plan));
}

std::string HostWorkplace::describe_new_data(const Assignment &plan) {
    return pgaf::describe_new_data(context(plan));
}

void HostWorkplace::end_new_server(const Assignment &plan) {
    pgaf::end_new_server(context(plan));
}

// One that was being stopped may still be on its way out.
void HostWorkplace::serve_old_cluster(const Assignment &plan, const Say &say) {
    const auto with = context(plan, say);
    if (with.is_swapped()) {
        throw HelperError(ExitCode::StepFailed,
                          fmt::format("\"{}\" is not the old cluster yet", node_.data_dir.string()),
                          "Run pgaf-upgrade run again.");
    }
    with_errors_logged("the server that is stopping was not ended", [&] { end_stopping_server(with); });
    with.wait_until("the old server to serve", std::chrono::minutes(10), [&] {
        if (!node_.running_server()) {
            start_server(with);
        }
        return node_.connect_locally("postgres").single("SELECT NOT pg_catalog.pg_is_in_recovery()") == "t";
    });
}

}  // namespace pgaf
