#include "commands/check_list.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "checks/check.hpp"
#include "core/version.hpp"
#include "system/output.hpp"
#include "view/terminal.hpp"
#include "view/text.hpp"

namespace pgaf {

namespace {

constexpr std::size_t kLeastForMeaning = 30;  // columns: on a narrow terminal, long lines read better than short ones

std::vector<std::string> roles_of(Where where) {
    switch (where) {
        case Where::EveryNode:
            return {"primary", "secondary", "monitor"};
        case Where::Upgraded:
            return {"primary", "monitor"};
        case Where::DataNode:
            return {"primary", "secondary"};
        case Where::Secondary:
            return {"secondary"};
        case Where::Monitor:
            return {"monitor"};
    }
    return {};
}

std::string in_words(Where where) {
    return where == Where::EveryNode  ? "every node"
           : where == Where::DataNode ? "data nodes"
                                      : fmt::format("{}", fmt::join(roles_of(where), ", "));
}

bool can_be_waived(const Check &check) {
    return check.severity == Severity::Error;
}

std::string waiver_of(const Check &check) {
    return !closes_gate(check.severity) ? "" : can_be_waived(check) ? "possible" : "impossible";
}

struct Columns {
    std::size_t name = 0;
    std::size_t severity = 0;
    std::size_t where = 0;
    std::size_t waiver = 0;
};

std::string row_of(const Columns &columns, const std::string &name, const std::string &severity,
                   const std::string &where, const std::string &waiver) {
    return fmt::format("{}  {}  {}  {}  ", left(name, columns.name), left(severity, columns.severity),
                       left(where, columns.where), left(waiver, columns.waiver));
}

std::string entry(const std::string &beginning, const std::string &meaning, std::size_t width) {
    std::string text;
    std::string before = beginning;
    for (const auto &line : width == 0 ? std::vector{meaning} : wrap(meaning, width)) {
        text += before + line + "\n";
        before = std::string(beginning.size(), ' ');
    }
    return text;
}

}  // namespace

std::string check_list(std::size_t columns) {
    Columns widths{.name = 5, .severity = 8, .where = 5, .waiver = 6};
    for (const auto &check : all_checks()) {
        widths.name = std::max(widths.name, check.name.size());
        widths.severity = std::max(widths.severity, std::string_view(to_string(check.severity)).size());
        widths.where = std::max(widths.where, in_words(check.where).size());
        widths.waiver = std::max(widths.waiver, waiver_of(check).size());
    }
    const auto heading = row_of(widths, "CHECK", "SEVERITY", "WHERE", "WAIVER");
    const auto width = columns < heading.size() + kLeastForMeaning ? 0 : columns - heading.size();
    auto text = heading + "MEANING\n";
    for (const auto &check : all_checks()) {
        text += entry(row_of(widths, check.name, to_string(check.severity), in_words(check.where), waiver_of(check)),
                      check.meaning, width);
    }
    return text;
}

std::string check_list_as_json() {
    auto checks = nlohmann::ordered_json::array();
    for (const auto &check : all_checks()) {
        checks.push_back({{"name", check.name},
                          {"severity", to_string(check.severity)},
                          {"where", roles_of(check.where)},
                          {"blocks_approval", closes_gate(check.severity)},
                          {"can_be_waived", can_be_waived(check)},
                          {"meaning", check.meaning},
                          {"remedy", check.remedy}});
    }
    return nlohmann::ordered_json{{"schema_version", 1}, {"version", kVersion}, {"checks", checks}}.dump(2) + "\n";
}

ExitCode command_check_list(bool as_json) {
    // in a file or a pipe a check is a line
    const Terminal terminal;
    const auto columns = terminal.is_terminal() ? terminal.size().columns : 0;
    write_output("-", as_json ? check_list_as_json() : check_list(columns));
    return ExitCode::Done;
}

}  // namespace pgaf
