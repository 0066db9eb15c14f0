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

std::string text_of(const nlohmann::json &row, const char *key) {
    const auto found = row.find(key);
    return found == row.end() || found->is_null() ? "" : found->is_string() ? found->get<std::string>() : found->dump();
}

std::string name_of(const RunRecord &run, const nlohmann::json &id) {
    const auto *node = id.is_null() ? nullptr : run.node(id);
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
    if (!report.document.at("identifiers").empty()) {
        Table changes({{"at", "time"}, {"group"}, {"node"}, {"identifier before"}, {"after"}, {"by"}});
        for (const auto &row : report.document.at("identifiers")) {
            changes.row({escape_html(clock_time(row.at("changed_at"))),
                         escape_html(fmt::format("{}/{}", text_of(row, "formation"), text_of(row, "group"))),
                         escape_html(text_of(row, "node")), code(text_of(row, "before")), code(text_of(row, "after")),
                         escape_html(text_of(row, "changed_by"))});
        }
        content += element_of_text("h3", "", "Rewritten on the monitor") + changes.html();
    }
    if (!report.document.at("backups").empty()) {
        Table backups({{"taken at", "time"}, {"backup"}, {"tool"}, {"of"}, {"where"}, {"verified"}});
        for (const auto &row : report.document.at("backups")) {
            const auto &verified = row.at("verified_at");
            backups.row({escape_html(date_and_time(row.at("taken_at"))), escape_html(text_of(row, "label")),
                         escape_html(text_of(row, "tool")),
                         escape_html(text_of(row, text_of(row, "node").empty() ? "formation" : "node")),
                         code(text_of(row, "location")),
                         verified.is_null() ? "no" : escape_html(date_and_time(verified))});
        }
        content += element_of_text("h3", "", "Backups on record") + backups.html();
    }
    return section("Versions and identifiers", content);
}

std::string checks_section(const Report &report) {
    const auto &run = report.run;
    Table table({{"node"}, {"check"}, {"result"}, {"found"}, {"it would mean"}, {"to do"}});
    std::map<std::string, std::vector<std::int64_t>> passed;
    std::size_t shown = 0;
    for (const auto &row : report.document.at("checks")) {
        const auto name = text_of(row, "check");
        if (row.at("passed").get<bool>()) {
            passed[name].push_back(row.at("node"));
            continue;
        }
        ++shown;
        const auto severity = text_of(row, "severity");
        const bool is_waived = !row.at("waived_at").is_null();
        auto result = tag(severity == "error" && !is_waived ? "bad" : "warn", is_waived ? "waived" : severity);
        if (is_waived) {
            result += lines(fmt::format(" by {} at {}: {}", text_of(row, "waived_by"), clock_time(row.at("waived_at")),
                                        text_of(row, "waive_reason")));
        }
        table.row({name_of(run, row.at("node")), code(name), result, lines(text_of(row, "found")),
                   lines(text_of(row, "meaning")), lines(text_of(row, "remedy"))});
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
    for (const auto &row : report.document.at("carried")) {
        std::vector<std::string> files;
        for (const auto &file : row.at("files")) {
            files.push_back(file.get<std::string>());
        }
        content += element("h3", "", name_of(report.run, row.at("node")));
        content += element("p", "class=\"files\"", code(fmt::format("{}", fmt::join(files, "  "))));
        std::string diff;
        std::string last;
        for (const auto &change : row.at("changes")) {
            const auto file = text_of(change, "file");
            if (file != last) {
                diff +=
                    element_of_text("span", "class=\"at\"", fmt::format("{}{}", diff.empty() ? "" : "\n", file)) + "\n";
                last = file;
            }
            const auto number = text_of(change, "line");
            const auto where = number == "0" ? std::string("at the end") : "line " + number;
            diff += element_of_text("span", "class=\"at\"", where) + "\n";
            if (number != "0") {
                diff += element_of_text("span", "class=\"minus\"", "- " + text_of(change, "before")) + "\n";
            }
            diff += element_of_text("span", "class=\"plus\"", "+ " + text_of(change, "after")) + "\n";
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
                       tag(style_of(step.state), std::string(to_string(step.state))),
                       has_begun ? escape_html(clock_time(*step.started_at)) : "",
                       has_begun ? escape_html(duration(to - *step.started_at)) : "",
                       step.attempts == 0 ? "" : fmt::format("{}", step.attempts)});
        }
    }
    return section("Steps", table.html());
}

std::string events_section(const Report &report) {
    Table table({{"at", "time"}, {"node"}, {"step"}, {"what"}, {"state"}, {""}, {"by"}});
    for (const auto &row : report.document.at("events")) {
        table.row({escape_html(clock_time(row.at("at"))), name_of(report.run, row.at("node")),
                   code(text_of(row, "step")), escape_html(text_of(row, "kind")), escape_html(text_of(row, "state")),
                   lines(text_of(row, "message")), escape_html(text_of(row, "by"))});
    }
    return section("Every event", table.html());
}

}  // namespace pgaf
