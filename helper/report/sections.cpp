#include "report/sections.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "report/html.hpp"
#include "report/table.hpp"
#include "report/timeline.hpp"
#include "view/clock.hpp"
#include "view/text.hpp"

namespace pgaf {

namespace {

std::string section(const std::string &title, const std::string &content) {
    return element("section", "", element_of_text("h2", "", title) + "\n" + content) + "\n";
}

std::string tag(const std::string &style, const std::string &text) {
    return element_of_text("span", fmt::format("class=\"tag {}\"", style), text);
}

std::string lines(const std::string &text) {
    return element_of_text("span", "class=\"lines\"", text);
}

std::string code(const std::string &text) {
    return text.empty() ? "" : element_of_text("code", "", text);
}

std::string name_of(const RunRecord &run, std::optional<std::int64_t> id) {
    const auto *node = id ? run.node(*id) : nullptr;
    return node == nullptr ? "" : escape_html(label_of(run, *node));
}

std::string from_to(const std::string &before, const std::string &after) {
    return after.empty() ? escape_html(before)
                         : escape_html(before.empty() ? "?" : before) + " → " + escape_html(after);
}

const char *style_of(StepState state) {
    switch (state) {
        case StepState::Done:
            return "good";
        case StepState::Failed:
            return "bad";
        case StepState::Running:
            return "busy";
        case StepState::Pending:
            return "";
    }
    return "";
}

std::string passed_checks(const RunRecord &run, const std::map<std::string, std::vector<std::int64_t>> &passed) {
    std::map<std::vector<std::int64_t>, std::vector<std::string>> by_nodes;
    for (const auto &[check, nodes] : passed) {
        by_nodes[nodes].push_back(check);
    }
    std::string text;
    for (const auto &[nodes, checks] : by_nodes) {
        std::vector<std::string> names;
        for (const auto id : nodes) {
            names.push_back(label_of(run, *run.node(id)));
        }
        text += element("p", "",
                        element_of_text("b", "", fmt::format("On {}: ", fmt::join(names, ", "))) +
                            element_of_text("span", "class=\"soft\"", fmt::format("{}", fmt::join(checks, ", "))));
    }
    return text;
}

std::string legend() {
    constexpr std::array<std::pair<const char *, const char *>, 8> kColors{
        {{"prepare", "prepare"},
         {"switch", "switch"},
         {"restore", "restore"},
         {"finish", "finish"},
         {"failed", "failed"},
         {"rollback", "rolled back"},
         {"refused", "writes refused"},
         {"unprotected", "no standby could take over"}}};
    std::string shown;
    for (const auto &[style, words] : kColors) {
        shown += element("span", "", element("i", fmt::format("class=\"{}\"", style), "") + escape_html(words)) + " ";
    }
    return shown;
}

// "15.18 (Debian 15.18-0+deb12u1)" is 15.18
std::string without_package(const std::string &version) {
    return version.substr(0, version.find(" ("));
}

}  // namespace

std::string timeline_section(const Report &report) {
    const auto &run = report.run;
    auto content = element("div", "class=\"wide\"", timeline(run, "what each node did, and when"));
    content += element("p", "class=\"legend\"", legend());
    content +=
        element_of_text("p", "class=\"soft\"",
                        fmt::format("Time runs from {}; pauses in which nothing was done are shortened to a grey gap.",
                                    date_and_time(run.started_at)));
    if (const auto [from, to] = switch_to_enlarge(run); from < to) {
        content += element_of_text("h3", "", "The switch, enlarged") +
                   element("div", "class=\"wide\"", timeline(run, "the switch, enlarged", from, to));
    }
    return section("Timeline", content);
}

std::string nodes_section(const Report &report) {
    const auto &run = report.run;
    Table table({{"node"},
                 {"role"},
                 {"host"},
                 {"PostgreSQL"},
                 {"pg_auto_failover"},
                 {"system identifier before"},
                 {"after"},
                 {"data directory"}});
    for (const auto &node : run.nodes) {
        auto role = std::string(to_string(node.role));
        if (node.role != Role::Monitor) {
            role += fmt::format(", {}/{}", node.formation, node.group);
        }
        // a secondary gets its primary's
        const auto *source = &node;
        for (const auto &other : run.nodes) {
            if (node.role == Role::Secondary && other.role == Role::Primary && other.formation == node.formation &&
                other.group == node.group) {
                source = &other;
            }
        }
        const bool is_new = !node.new_server_version.empty();
        table.row({escape_html(label_of(run, node)), escape_html(role),
                   escape_html(fmt::format("{}:{}", node.host, node.port)),
                   from_to(without_package(node.old_server_version), without_package(node.new_server_version)),
                   from_to(node.old_pgautofailover, node.new_pgautofailover), code(node.old_system_identifier),
                   is_new || node.role != Role::Secondary ? code(source->new_system_identifier) : "",
                   code(node.data_directory)});
    }
    auto content = table.html();
    if (!report.records.identifiers.empty()) {
        Table changes({{"at", "time"}, {"group"}, {"node"}, {"identifier before"}, {"after"}, {"by"}});
        for (const auto &row : report.records.identifiers) {
            changes.row({escape_html(clock_time(row.changed_at)),
                         escape_html(fmt::format("{}/{}", row.formation, row.group)), escape_html(row.node),
                         code(row.before), code(row.after), escape_html(row.changed_by)});
        }
        content += element_of_text("h3", "", "Rewritten on the monitor") + changes.html();
    }
    if (!report.records.backups.empty()) {
        Table backups({{"taken at", "time"}, {"backup"}, {"tool"}, {"of"}, {"where"}, {"verified"}});
        for (const auto &row : report.records.backups) {
            backups.row({escape_html(date_and_time(row.taken_at)), escape_html(row.label), escape_html(row.tool),
                         escape_html(row.node.empty() ? row.formation : row.node), code(row.location),
                         row.verified_at ? escape_html(date_and_time(*row.verified_at)) : "no"});
        }
        content += element_of_text("h3", "", "Backups on record") + backups.html();
    }
    return section("Versions and identifiers", content);
}

std::string warnings_section(const Report &report) {
    const auto &run = report.run;
    Table table({{"node"}, {"step"}, {"what"}, {"error"}, {"to do"}, {""}});
    bool is_any = false;
    for (const auto &node : run.nodes) {
        for (const auto &step : node.steps) {
            const auto state = step.acknowledged_at
                                   ? tag("good", "acknowledged") +
                                         lines(fmt::format(" by {} at {}: {}", step.acknowledged_by,
                                                           clock_time(*step.acknowledged_at), step.acknowledge_note))
                                   : tag("warn", "open");
            for (const auto &warning : step.warnings) {
                is_any = true;
                table.row({escape_html(label_of(run, node)), code(step.name), lines(warning.object),
                           lines(warning.error), lines(warning.remedy), state});
            }
        }
    }
    return is_any ? section("Warnings", table.html()) : "";
}

std::string checks_section(const Report &report) {
    const auto &run = report.run;
    Table table({{"node"}, {"check"}, {"result"}, {"found"}, {"it would mean"}, {"to do"}});
    std::map<std::string, std::vector<std::int64_t>> passed;
    std::size_t shown = 0;
    for (const auto &row : report.records.checks) {
        if (row.passed) {
            passed[row.check].push_back(row.nodeid);
            continue;
        }
        ++shown;
        const bool is_bad = row.severity == "error" && !row.waived_at;
        auto result = tag(is_bad ? "bad" : "warn", row.waived_at ? "waived" : row.severity);
        if (row.waived_at) {
            result +=
                lines(fmt::format(" by {} at {}: {}", row.waived_by, clock_time(*row.waived_at), row.waive_reason));
        }
        table.row({name_of(run, row.nodeid), code(row.check), result, lines(row.found), lines(row.meaning),
                   lines(row.remedy)});
    }
    std::string content;
    if (shown > 0) {
        content += table.html();
    } else if (!passed.empty()) {
        content += element_of_text("p", "", "Every check passed.");
    } else {
        content += element_of_text("p", "class=\"soft\"", "Nothing was checked yet.");
    }
    if (!passed.empty()) {
        content += element_of_text("h3", "", "Passed") + passed_checks(run, passed);
    }
    return section("Checks", content);
}

std::string carried_section(const Report &report) {
    std::string content;
    for (const auto &row : report.records.carried) {
        content += element("h3", "", name_of(report.run, row.nodeid));
        content += element("p", "class=\"files\"", code(fmt::format("{}", fmt::join(row.files, "  "))));
        std::string diff;
        std::string last;
        for (const auto &change : row.changes) {
            if (change.file != last) {
                last = change.file;
                diff +=
                    element_of_text("span", "class=\"at\"", fmt::format("{}{}", diff.empty() ? "" : "\n", last)) + "\n";
            }
            const auto where = change.line == 0 ? std::string("at the end") : fmt::format("line {}", change.line);
            diff += element_of_text("span", "class=\"at\"", where) + "\n";
            if (change.line != 0) {
                diff += element_of_text("span", "class=\"minus\"", "- " + change.before) + "\n";
            }
            diff += element_of_text("span", "class=\"plus\"", "+ " + change.after) + "\n";
        }
        content += diff.empty() ? element_of_text("p", "class=\"soft\"", "each as it was, with owner and mode")
                                : element("pre", "", diff);
    }
    if (content.empty()) {
        content = element_of_text("p", "class=\"soft\"", "No configuration has been carried over yet.");
    }
    return section("Carried over", content);
}

std::string steps_section(const Report &report) {
    const auto &run = report.run;
    Table table({{"node"},
                 {"guide"},
                 {"step"},
                 {""},
                 {"state"},
                 {"began", "time"},
                 {"took", "number"},
                 {"attempts", "number"}});
    for (const auto &node : run.nodes) {
        for (const auto &step : node.steps) {
            const bool has_begun = step.started_at && step.state != StepState::Pending;
            const auto to = step.state == StepState::Running ? run.at : step.finished_at.value_or(run.at);
            auto title = escape_html(step.title);
            if (step.state == StepState::Failed) {
                title += "<br/>" + lines(step.error) + (step.hint.empty() ? "" : "<br/>" + lines(step.hint));
            }
            table.row({escape_html(label_of(run, node)), escape_html(step.guide), code(step.name), title,
                       tag(step.open_warnings() > 0 ? "warn" : style_of(step.state), state_in_words(step)),
                       has_begun ? escape_html(clock_time(*step.started_at)) : "",
                       has_begun ? escape_html(duration(to - *step.started_at)) : "",
                       step.attempts == 0 ? "" : fmt::format("{}", step.attempts)});
        }
    }
    return section("Steps", table.html());
}

std::string events_section(const Report &report) {
    Table table({{"at", "time"}, {"node"}, {"step"}, {"what"}, {"state"}, {""}, {"by"}});
    for (const auto &row : report.records.events) {
        table.row({escape_html(clock_time(row.at)), name_of(report.run, row.nodeid), code(row.step),
                   escape_html(row.kind), escape_html(row.state), lines(row.message), escape_html(row.by)});
    }
    return section("Every event", table.html());
}

}  // namespace pgaf
