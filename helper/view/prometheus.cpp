#include "view/prometheus.hpp"

#include <array>

#include <fmt/format.h>

namespace pgaf {

namespace {

std::string escape(const std::string &value, bool with_quotes) {
    std::string escaped;
    for (const char character : value) {
        if (character == '\\' || (with_quotes && character == '"')) {
            escaped += '\\';
            escaped += character;
        } else if (character == '\n') {
            escaped += "\\n";
        } else {
            escaped += character;
        }
    }
    return escaped;
}

void add_monitor(Exposition &exposition, bool is_up) {
    exposition.metric("pgaf_upgrade_monitor_up", "gauge", "Whether the monitor answered.");
    exposition.sample(is_up ? 1 : 0);
}

constexpr std::array kRunStates{RunState::Preparing, RunState::Ready,    RunState::Approved,    RunState::Switching,
                                RunState::Restoring, RunState::Finished, RunState::RollingBack, RunState::Aborted};
constexpr std::array kStepStates{StepState::Pending, StepState::Running, StepState::Done, StepState::Failed};

Exposition::Labels labels_of(const RunRecord &run, const NodeRecord &node) {
    return {{"run", std::to_string(run.run)},
            {"formation", node.formation},
            {"group", std::to_string(node.group)},
            {"node", node.name},
            {"role", std::string(to_string(node.role))}};
}

Exposition::Labels with(Exposition::Labels labels, const char *name, std::string value) {
    labels.emplace_back(name, std::move(value));
    return labels;
}

void add_run(Exposition &exposition, const RunRecord &run) {
    const Exposition::Labels of_run{{"run", std::to_string(run.run)}};
    const auto refused = refused_spans(run);
    const auto unprotected = unprotected_spans(run);
    const auto add = [&](const char *name, const char *help, std::optional<double> value) {
        if (value) {
            exposition.metric(name, "gauge", help);
            exposition.sample(*value, of_run);
        }
    };
    exposition.metric("pgaf_upgrade_run_info", "gauge", "The newest run: always 1.");
    exposition.sample(
        1, with(with(with(of_run, "source_version", run.source_version ? std::to_string(*run.source_version) : ""),
                     "target_version", std::to_string(run.target_version)),
                "method", run.method));
    exposition.metric("pgaf_upgrade_run_state", "gauge", "1 for the state in which the run is, 0 for every other.");
    for (const auto state : kRunStates) {
        exposition.sample(state == run.state ? 1 : 0, with(of_run, "state", std::string(to_string(state))));
    }
    add("pgaf_upgrade_run_started_timestamp_seconds", "When the run was started, in seconds since 1970.",
        run.started_at);
    add("pgaf_upgrade_run_approved_timestamp_seconds", "When the run was approved, in seconds since 1970.",
        run.approved_at);
    add("pgaf_upgrade_run_ended_timestamp_seconds", "When the run ended, in seconds since 1970.", run.ended_at);
    add("pgaf_upgrade_writes_refused", "Whether a primary refuses writes now.", lasts(refused) ? 1 : 0);
    add("pgaf_upgrade_writes_refused_seconds",
        "How long writes have been refused, in the group that had to wait longest.",
        longest(refused, run.at).value_or(0));
    add("pgaf_upgrade_expected_writes_refused_seconds", "How long writes are expected to be refused.",
        run.expected_refused_s);
    add("pgaf_upgrade_redundancy_lost", "Whether a group has no standby that could take over now.",
        lasts(unprotected) ? 1 : 0);
    add("pgaf_upgrade_redundancy_lost_seconds",
        "How long a group had no standby that could take over, in the group where it took longest.",
        longest(unprotected, run.at).value_or(0));
    add("pgaf_upgrade_expected_redundancy_after_seconds",
        "How long after the first refused write every standby is expected to be back.",
        run.expected_redundancy_after_s);
}

void add_nodes(Exposition &exposition, const RunRecord &run) {
    exposition.metric("pgaf_upgrade_steps", "gauge", "Steps of the node, by state.");
    for (const auto &node : run.nodes) {
        for (const auto state : kStepStates) {
            exposition.sample(static_cast<double>(count_of(node, state)),
                              with(labels_of(run, node), "state", std::string(to_string(state))));
        }
    }
    exposition.metric("pgaf_upgrade_warnings", "gauge", "Warnings of the node's steps, acknowledged or open.");
    for (const auto &node : run.nodes) {
        std::size_t all = 0;
        for (const auto &step : node.steps) {
            all += step.warnings.size();
        }
        const auto open = open_warnings(node);
        exposition.sample(static_cast<double>(open), with(labels_of(run, node), "state", "open"));
        exposition.sample(static_cast<double>(all - open), with(labels_of(run, node), "state", "acknowledged"));
    }
    exposition.metric("pgaf_upgrade_step_running_seconds", "gauge", "How long the step that runs has been running.");
    for (const auto &node : run.nodes) {
        for (const auto &step : node.steps) {
            if (step.state == StepState::Running && step.started_at) {
                exposition.sample(run.at - *step.started_at, with(labels_of(run, node), "step", step.name));
            }
        }
    }
    exposition.metric("pgaf_upgrade_checks", "gauge", "Checks of severity error of the node, by result.");
    for (const auto &node : run.nodes) {
        exposition.sample(node.checks_passed, with(labels_of(run, node), "result", "passed"));
        exposition.sample(node.checks_failed, with(labels_of(run, node), "result", "failed"));
        exposition.sample(node.checks_waived, with(labels_of(run, node), "result", "waived"));
    }
    exposition.metric("pgaf_upgrade_helper_heard_timestamp_seconds", "gauge",
                      "When the node's helper last spoke to the monitor, in seconds since 1970.");
    for (const auto &node : run.nodes) {
        if (node.helper_heard_at) {
            exposition.sample(*node.helper_heard_at, labels_of(run, node));
        }
    }
}

}  // namespace

std::string escape_label(const std::string &value) {
    return escape(value, true);
}

std::string escape_help(const std::string &value) {
    return escape(value, false);
}

void Exposition::metric(const std::string &name, const std::string &type, const std::string &help) {
    name_ = name;
    text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, escape_help(help), type);
}

void Exposition::sample(double value, const Labels &labels) {
    std::string shown;
    for (const auto &[name, text] : labels) {
        shown += fmt::format("{}{}=\"{}\"", shown.empty() ? "" : ",", name, escape_label(text));
    }
    text_ += name_ + (shown.empty() ? "" : "{" + shown + "}") + fmt::format(" {}\n", value);
}

std::string status_metrics(const std::optional<RunRecord> &run) {
    Exposition exposition;
    add_monitor(exposition, true);
    if (run) {
        add_run(exposition, *run);
        add_nodes(exposition, *run);
    }
    return exposition.text();
}

std::string metrics_without_monitor() {
    Exposition exposition;
    add_monitor(exposition, false);
    return exposition.text();
}

}  // namespace pgaf
