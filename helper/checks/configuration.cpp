#include <fstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "checks/check.hpp"
#include "checks/diff.hpp"
#include "checks/trial.hpp"
#include "system/files.hpp"

namespace pgaf {

namespace {

Findings parameters_changed(Subject &subject) {
    Findings findings;
    for (const auto &[file, changes] : subject.trial().changes()) {
        for (const auto &change : changes) {
            findings.push_back({change.line == 0
                                    ? fmt::format("{}, added: {}", file.string(), change.after)
                                    : fmt::format("{} line {}: {}", file.string(), change.line, change.after)});
        }
    }
    return findings;
}

Findings parameters_refused(Subject &subject) {
    Findings findings;
    for (const auto &message : subject.trial().refused()) {
        findings.push_back({message});
    }
    return findings;
}

Findings configuration_starts(Subject &subject) {
    const auto &trial = subject.trial();
    if (!trial.refused().empty()) {
        throw NotExamined("the new server refuses parameters");
    }
    return trial.start_error().empty() ? Findings{} : Findings{{trial.start_error()}};
}

// A parameter that nobody has set, so that nobody will see it change.
Findings defaults_changed(Subject &subject) {
    auto new_server = subject.trial().connect();
    const auto before = subject.server().query(
        "SELECT name, boot_val, unit FROM pg_catalog.pg_settings WHERE source = 'default' AND context <> 'internal'");
    Findings findings;
    for (int row = 0; row < before.size(); ++row) {
        const auto name = before.text(row, "name");
        const auto after = new_server.query(
            "SELECT boot_val FROM pg_catalog.pg_settings WHERE name = $1 AND unit IS NOT DISTINCT FROM $2",
            {name, before.value(row, "unit")});
        if (after.size() == 1 && after.text(0, "boot_val") != before.text(row, "boot_val")) {
            findings.push_back({fmt::format("{} is {}, and will be {}", name, before.text(row, "boot_val"),
                                            after.text(0, "boot_val"))});
        }
    }
    return findings;
}

// Read by the new server without being taken into use: its own rules let in nobody but this program.
Findings access_rules(Subject &subject) {
    auto &trial = subject.trial();
    auto new_server = trial.connect();
    const auto own_hba = read_file(new_server.single("SHOW hba_file"));
    const auto own_ident = read_file(new_server.single("SHOW ident_file"));
    Findings findings;
    for (const auto &[parameter, view] :
         {std::pair{"hba_file", "pg_hba_file_rules"}, std::pair{"ident_file", "pg_ident_file_mappings"}}) {
        const auto file = subject.setting(parameter);
        const std::filesystem::path copy = new_server.single(fmt::format("SHOW {}", parameter));
        const auto own = read_file(copy);
        write_file(copy, read_file(file));
        const auto rows = new_server.query(
            fmt::format("SELECT line_number, error FROM pg_catalog.{} WHERE error IS NOT NULL ORDER BY 1", view));
        for (int row = 0; row < rows.size(); ++row) {
            findings.push_back(
                {fmt::format("{} line {}: {}", file, rows.text(row, "line_number"), rows.text(row, "error"))});
        }
        write_file(copy, own);
    }
    return findings;
}

long huge_pages_of_host() {
    std::ifstream file("/proc/meminfo");
    std::string word;
    while (file >> word) {
        if (word == "HugePages_Total:") {
            long number = 0;
            file >> number;
            return number;
        }
    }
    return 0;
}

Findings huge_pages(Subject &subject) {
    auto &trial = subject.trial();
    if (!trial.refused().empty()) {
        throw NotExamined("the new server refuses parameters");
    }
    trial.stopped();  // a running one is not asked what its memory would be
    if (trial.configured("huge_pages") != "on") {
        return {};
    }
    const long needed = std::atol(trial.configured("shared_memory_size_in_huge_pages").c_str());
    if (const long there = huge_pages_of_host(); there < needed || needed < 0) {
        return {{fmt::format("the new server needs {} huge pages, and this host has {}", needed, there),
                 fmt::format("sysctl vm.nr_hugepages={}, or huge_pages = try.", needed)}};
    }
    return {};
}

}  // namespace

std::vector<Check> configuration_checks() {
    return {{"parameters_changed", Severity::Warning, Where::EveryNode,
             "the target does not know the parameter; the line is carried over like this",
             "Nothing, or choose what takes the parameter's place. pgaf-upgrade check --diff shows all.",
             parameters_changed, diff_of_configuration},
            {"parameters_refused", Severity::Error, Where::EveryNode, "the new server would not start",
             "Give it a value that both majors take, or remove the line.", parameters_refused},
            {"configuration_starts", Severity::Error, Where::EveryNode,
             "a server of the target that was started with this configuration ended", "Mend what it names.",
             configuration_starts},
            {"defaults_changed", Severity::Note, Where::EveryNode, "the target has another default",
             "Set the old value if the applications rely on it.", defaults_changed},
            {"access_rules", Severity::Error, Where::EveryNode,
             "the new server would refuse the file, and with it everybody",
             "Write the line so that both majors take it.", access_rules},
            {"huge_pages", Severity::Error, Where::EveryNode, "with huge_pages = on the new server would not start",
             "Reserve more.", huge_pages}};
}

}  // namespace pgaf
