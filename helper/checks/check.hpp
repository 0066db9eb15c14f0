#pragma once

#include <functional>
#include <string>
#include <vector>

#include "checks/subject.hpp"

namespace pgaf {

// An error closes the gate until it is mended or waived, one that means data loss until it is mended; a
// warning is something to know and to plan for.
enum class Severity { DataLoss, Error, Warning, Note };

[[nodiscard]] constexpr bool closes_gate(Severity severity) {
    return severity == Severity::DataLoss || severity == Severity::Error;
}

// pg_upgrade runs where there is a cluster of its own: on the primary and on the monitor.
enum class Where { EveryNode, Upgraded, DataNode, Secondary, Monitor };

struct Finding {
    std::string found;        // one line: what, and where
    std::string remedy = {};  // what to do about this one; empty: the remedy of its check
};
using Findings = std::vector<Finding>;

// One thing that can stop or spoil an upgrade, looked at without changing anything.
struct Check {
    std::string name;
    Severity severity;
    Where where;
    std::string meaning;  // what it would lead to
    std::string remedy;   // what to do about it, where the finding does not say
    // Nothing is found when all is as it should be. May throw NotExamined; and HelperError, which is a finding too.
    // Whatever else it throws is a finding of severity error, since what the check is there for is not known.
    std::function<Findings(Subject &)> find;
    // More of what was found, for the monitor to show, where there is more.
    std::function<std::string(Subject &)> detail = {};
};

// What `find` often is: a finding for each row that a query has on the node's server, or on the monitor, in
// the words of its first column; the second, where there is one, is the remedy.
[[nodiscard]] std::function<Findings(Subject &)> rows_of_server(const char *query);
[[nodiscard]] std::function<Findings(Subject &)> rows_of_monitor(const char *query);

// In the order in which they are made: what others build on goes first.
[[nodiscard]] const std::vector<Check> &all_checks();

struct CheckResult {
    const Check *check;
    Findings findings;
    std::string not_examined;  // why; empty when it was
    std::string detail = {};
    bool has_broken = false;  // by what no check should throw

    [[nodiscard]] bool passed() const { return findings.empty() && not_examined.empty(); }
    [[nodiscard]] Severity severity() const {
        return has_broken && !closes_gate(check->severity) ? Severity::Error : check->severity;
    }
};

// Makes one check. Throws nothing that this one throws.
[[nodiscard]] CheckResult examine_one(Subject &subject, const Check &check);

// Of those that this kind of node needs; `only`, where not empty, names those that are wanted.
// Throws HelperError(Usage) for a name that no check has.
[[nodiscard]] std::vector<CheckResult> examine(Subject &subject, const std::vector<std::string> &only,
                                               const std::function<void(const std::string &)> &say);

[[nodiscard]] const char *to_string(Severity severity);

// Those that need the rehearsal.
[[nodiscard]] const std::vector<std::string> &rehearsed_checks();

// Of each file in this folder.
[[nodiscard]] std::vector<Check> installation_checks();
[[nodiscard]] std::vector<Check> service_checks();
[[nodiscard]] std::vector<Check> directory_checks();
[[nodiscard]] std::vector<Check> cluster_checks();
[[nodiscard]] std::vector<Check> backup_checks();
[[nodiscard]] std::vector<Check> version_checks();
[[nodiscard]] std::vector<Check> memory_checks();
[[nodiscard]] std::vector<Check> change_checks();
[[nodiscard]] std::vector<Check> access_checks();
[[nodiscard]] std::vector<Check> server_checks();
[[nodiscard]] std::vector<Check> connected_checks();
[[nodiscard]] std::vector<Check> database_checks();
[[nodiscard]] std::vector<Check> content_checks();
[[nodiscard]] std::vector<Check> index_checks();
[[nodiscard]] std::vector<Check> certificate_checks();
[[nodiscard]] std::vector<Check> leftover_checks();
[[nodiscard]] std::vector<Check> new_server_checks();
[[nodiscard]] std::vector<Check> configuration_checks();
[[nodiscard]] std::vector<Check> rehearsal_checks();
[[nodiscard]] std::vector<Check> as_shown_checks();

}  // namespace pgaf
