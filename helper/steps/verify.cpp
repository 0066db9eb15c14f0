#include "steps/steps.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "checks/check.hpp"
#include "cluster/kept_statistics.hpp"
#include "configuration/hba.hpp"
#include "core/sysidentifier.hpp"
#include "postgres/controldata.hpp"
#include "run/sessions.hpp"
#include "run/warnings.hpp"
#include "system/document.hpp"
#include "system/fault.hpp"

namespace pgaf {

namespace {

// Tells the monitor what the new server's pg_hba.conf says. Fails where it shuts out somebody whom the old
// one let in; what it merely asks less of is reported, since the cluster serves.
nlohmann::json verify_hba(const Context &context) {
    const auto before = context.journal.result(steps::kCheck);
    std::vector<hba::Finding> findings;
    context.wait_until("the nodes that pg_hba.conf must let in", std::chrono::minutes(1), [&] {
        findings = find_hba(context.node,
                            before.contains("hba") ? findings_of(before.at("hba")) : std::vector<hba::Finding>{});
        return true;
    });
    context.monitor.report_hba(context.token, "after", to_json(findings));
    const auto remarks = describe_hba(findings);
    context.monitor.report_check(
        context.token, {.name = "hba_after_upgrade",
                        .severity = to_string(Severity::Warning),
                        .passed = remarks.empty(),
                        .found = remarks,
                        .meaning = "a connection of the cluster is refused, or asked for less than before",
                        .remedy = "See pgaf_upgrade_verify_hba() on the monitor, and its required_line and advice.",
                        .data_loss = false,
                        .detail = {}});
    const auto shut_out = hba::newly_shut_out(findings);
    if (!shut_out.empty()) {
        std::string lines;
        for (const auto *finding : shut_out) {
            lines += (lines.empty() ? "" : "; ") + finding->required_line;
        }
        throw HelperError(ExitCode::StepFailed, fmt::format("pg_hba.conf does not let in: {}", remarks),
                          fmt::format("Put these lines where they are reached, and reload: {}", lines));
    }
    return {{"connections", findings.size()}, {"remarks", remarks}};
}

nlohmann::json look_at(const Context &context, Connection server) {
    const auto &node = context.node;
    fault_point(steps::kVerify, "middle");
    const auto version = server.single("SHOW server_version");
    const auto control = read_controldata(Installation::from(context.journal).new_bindir, node.data_dir);
    nlohmann::json result{{"server_version", version},
                          {"system_identifier", std::to_string(control.system_identifier)},
                          {"pgautofailover", context.monitor.extension_version()}};
    if (std::atoi(version.c_str()) != context.target()) {
        throw HelperError(ExitCode::StepFailed, fmt::format("the server is at version {}", version));
    }
    report_edited_since(context);
    if (context.role() != Role::Monitor) {
        const auto report = context.monitor.report_of(node.nodeid);
        if (report.sysidentifier != std::to_string(to_bigint(control.system_identifier))) {
            throw HelperError(ExitCode::StepFailed,
                              fmt::format("the monitor has system identifier {}, the node {}", report.sysidentifier,
                                          control.system_identifier),
                              "See pgaf_upgrade_rewrite_sysidentifier.");
        }
    }
    result["hba"] = verify_hba(context);
    return result;
}

// Of the statistics that there were, what is missing now. One that the step `statistics` has warned of is in its
// warnings already.
Warnings verify_statistics(const Context &context) {
    Warnings warnings;
    const auto before = noted_statistics(context);
    if (context.role() == Role::Secondary || !before) {
        return warnings;
    }
    const auto told = context.journal.result(steps::kStatistics).value("warnings", nlohmann::json::array());
    std::string lines;
    auto server = context.local_server();
    for (const auto &name : databases_of(server)) {
        const auto noted = before->find(as_utf8(name));
        if (noted == before->end()) {
            continue;
        }
        auto database = context.local_server(name);
        for (const auto &lost : lost_statistics(database, noted->second)) {
            const auto of_table = fmt::format("statistics of {} in database \"{}\"", lost.table, as_utf8(name));
            lines += fmt::format("{}{} in database \"{}\"", lines.empty() ? "" : "\n", lost.what, as_utf8(name));
            const auto is_told = [&](const nlohmann::json &warning) { return warning.at("object") == of_table; };
            if (std::ranges::none_of(told, is_told)) {
                warnings.add(of_table, fmt::format("there were some before, and there are none: {}", lost.what),
                             fmt::format("In database \"{}\": ANALYZE {};", as_utf8(name), lost.table));
            }
        }
    }
    context.monitor.report_check(context.token,
                                 {.name = "statistics_after_upgrade",
                                  .severity = to_string(Severity::Warning),
                                  .passed = lines.empty(),
                                  .found = lines,
                                  .meaning = "plans are made without statistics that were there before",
                                  .remedy = "ANALYZE the table, when what its step statistics has warned of is fixed.",
                                  .data_loss = false,
                                  .detail = {}});
    return warnings;
}

bool is_final(const NodeReport &report) {
    return report.is_stable_in("primary") || report.is_stable_in("secondary") || report.is_stable_in("single");
}

// pg_auto_failover may have the node in hand, where it has replaced a primary: for pg_rewind, or a base backup.
constexpr std::chrono::minutes kBackInService{15};

// Where nothing runs is nothing to be found fault with.
nlohmann::json look_when_it_runs(const Context &context) {
    nlohmann::json result;
    context.wait_until("the server of this node, which pg_auto_failover may be rewinding", kBackInService, [&] {
        if (!context.node.running_server()) {
            return false;
        }
        try {
            result = look_at(context, context.node.connect_locally());
            return true;
        } catch (const HelperError &) {
            if (context.node.running_server()) {
                throw;
            }
            return false;
        }
    });
    return result;
}

}  // namespace

nlohmann::json Verify::perform(const Context &context) const {
    if (context.role() == Role::Monitor) {
        auto result = look_at(context, context.local_server());
        result["warnings"] = verify_statistics(context).json();
        return result;
    }
    // first, since who is shut out is a reason why the state does not come
    auto result = look_when_it_runs(context);
    auto report = context.monitor.report_of(context.node.nodeid);
    if (!is_final(report)) {
        context.wait_until("this node to be primary, secondary or single, and to stay it", kBackInService, [&] {
            report = context.monitor.report_of(context.node.nodeid);
            return is_final(report);
        });
        result = look_when_it_runs(context);
    }
    result["reported_state"] = report.reported_state;
    result["warnings"] = verify_statistics(context).json();
    return result;
}

}  // namespace pgaf
