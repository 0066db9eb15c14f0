#include "checks/check.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "system/suggestion.hpp"

namespace pgaf {

namespace {

bool is_meant_for(const Check &check, Subject &subject) {
    switch (check.where) {
        case Where::EveryNode:
            return true;
        case Where::Upgraded:
            return !subject.is_secondary();
        case Where::DataNode:
            return !subject.is_monitor();
        case Where::Secondary:
            return subject.is_secondary();
        case Where::Monitor:
            return subject.is_monitor();
    }
    return false;
}

Findings findings_of(const Rows &rows) {
    Findings findings;
    for (int row = 0; row < rows.size(); ++row) {
        findings.push_back(
            {rows.value(row, 0).value_or(""), rows.columns() > 1 ? rows.value(row, 1).value_or("") : ""});
    }
    return findings;
}

CheckResult could_not_look(const Check &check, const HelperError &error) {
    return {.check = &check,
            .findings = {{fmt::format("could not be looked at: {}", error.what()), error.hint()}},
            .not_examined = ""};
}

}  // namespace

CheckResult examine_one(Subject &subject, const Check &check) {
    try {
        CheckResult result{.check = &check, .findings = check.find(subject), .not_examined = ""};
        if (check.detail && !result.findings.empty()) {
            result.detail = check.detail(subject);
        }
        return result;
    } catch (const NotExamined &why) {
        return {.check = &check, .findings = {}, .not_examined = why.what()};
    } catch (const HelperError &error) {
        return could_not_look(check, error);
    } catch (...) {
        auto result = could_not_look(check, from_current_exception(""));
        result.has_broken = true;
        return result;
    }
}

std::function<Findings(Subject &)> rows_of_server(const char *query) {
    return [query](Subject &subject) { return findings_of(subject.server().query(query)); };
}

std::function<Findings(Subject &)> rows_of_monitor(const char *query) {
    return [query](Subject &subject) { return findings_of(subject.monitor().query(query)); };
}

const std::vector<Check> &all_checks() {
    static const std::vector<Check> checks = [] {
        std::vector<Check> all;
        for (const auto &part :
             {installation_checks(),  version_checks(), service_checks(),     directory_checks(), cluster_checks(),
              backup_checks(),        access_checks(),  server_checks(),      connected_checks(), database_checks(),
              content_checks(),       index_checks(),   certificate_checks(), leftover_checks(),  new_server_checks(),
              configuration_checks(), change_checks(),  memory_checks(),      rehearsal_checks(), as_shown_checks()}) {
            all.insert(all.end(), part.begin(), part.end());
        }
        return all;
    }();
    return checks;
}

std::vector<CheckResult> examine(Subject &subject, const std::vector<std::string> &only,
                                 const std::function<void(const std::string &)> &say) {
    std::vector<std::string> names;
    std::ranges::transform(all_checks(), std::back_inserter(names), &Check::name);
    for (const auto &name : only) {
        if (std::ranges::find(names, name) == names.end()) {
            throw HelperError(ExitCode::Usage, fmt::format("no check is named \"{}\"", name),
                              did_you_mean(name, names) + "\"pgaf-upgrade check --list\" shows all names.");
        }
    }
    std::vector<CheckResult> results;
    for (const auto &check : all_checks()) {
        const bool wanted = only.empty() || std::ranges::find(only, check.name) != only.end();
        if (wanted && is_meant_for(check, subject)) {
            say(check.name);
            results.push_back(examine_one(subject, check));
        }
    }
    return results;
}

const char *to_string(Severity severity) {
    switch (severity) {
        case Severity::DataLoss:
        case Severity::Error:
            return "error";
        case Severity::Warning:
            return "warning";
        case Severity::Note:
            return "note";
    }
    return "";
}

}  // namespace pgaf
