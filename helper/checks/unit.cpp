#include "node/service.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "checks/check.hpp"
#include "system/files.hpp"
#include "system/process.hpp"
#include "system/shell.hpp"

namespace pgaf {

namespace {

std::string property_of(const Subject &subject, const std::string &name) {
    return last_lines(
        run({.argv = {"systemctl", "show", "--value", "-p", name, "--", subject.installation.unit}}).output, 1);
}

bool is_known(Subject &subject) {
    return Service(subject.node, subject.installation.unit).is_known();
}

bool is_by_hand(const Subject &subject) {
    return Service(subject.node, subject.installation.unit).is_by_hand();
}

// What would start pg_autoctl again as soon as it has been stopped. Nothing where a shell or the first process is its
// parent.
std::string keeper_of(pid_t autoctl) {
    constexpr std::array kStarters{"init", "systemd", "sh", "bash", "dash", "zsh", "ksh", "fish", "csh", "tcsh"};
    if (autoctl == 1) {
        return "it is the first process, with which its container ends";
    }
    std::string text;
    std::getline(std::ifstream(fmt::format("/proc/{}/stat", autoctl)), text);
    // "PID (NAME) STATE PARENT": a name may have blanks and brackets in it
    std::istringstream after_name(text.substr(text.rfind(')') + 1));
    std::string state;
    pid_t parent = 0;
    after_name >> state >> parent;
    std::string name;
    std::getline(std::ifstream(fmt::format("/proc/{}/comm", parent)), name);
    return std::ranges::find(kStarters, name) != kStarters.end() ? "" : fmt::format("\"{}\" runs it", name);
}

Findings service_unit(Subject &subject) {
    if (is_by_hand(subject)) {
        const auto pid = Service::running(subject.node.paths.pid);
        const auto unit = Service::unit_of(subject.node.paths.pid);
        if (!pid) {
            return {{"pg_autoctl does not run", "Start it: pg_autoctl run."}};
        }
        const auto keeper = unit.empty() ? keeper_of(*pid) : fmt::format("it runs under \"{}\"", unit);
        return keeper.empty() ? Findings{}
                              : Findings{{fmt::format("pg_autoctl is not started by hand: {}", keeper),
                                          "Where a unit of systemd runs it, leave --service none away. Where another "
                                          "program does, stop that and start pg_autoctl by hand for the upgrade."}};
    }
    if (is_known(subject)) {
        return {};
    }
    return {{subject.installation.unit.empty()
                 ? "pg_autoctl does not run under a unit of systemd"
                 : fmt::format("systemd knows no unit \"{}\"", subject.installation.unit)}};
}

Findings unit_of_this_node(Subject &subject) {
    if (is_by_hand(subject)) {
        return {};
    }
    if (!is_known(subject)) {
        throw NotExamined("no unit is known");
    }
    const auto running = Service::unit_of(subject.node.paths.pid);
    if (running == subject.installation.unit) {
        return {};
    }
    return {{running.empty() ? fmt::format("\"{}\" does not run pg_autoctl of \"{}\"", subject.installation.unit,
                                           subject.node.pgdata.string())
                             : fmt::format("\"{}\" runs under \"{}\", not under \"{}\"", subject.node.pgdata.string(),
                                           running, subject.installation.unit)}};
}

Findings unit_enabled(Subject &subject) {
    if (is_by_hand(subject)) {
        return {{"no unit runs pg_autoctl",
                 "Start it by hand after a boot, in the upgrade too: pgaf-upgrade run does it "
                 "from there on. Let nothing else start it meanwhile."}};
    }
    if (!is_known(subject)) {
        throw NotExamined("no unit is known");
    }
    const auto state = property_of(subject, "UnitFileState");
    if (state == "enabled" || state == "enabled-runtime" || state == "static" || state == "generated") {
        return {};
    }
    return {{fmt::format("\"{}\" is {}", subject.installation.unit, state),
             shell_line({"systemctl", "enable", subject.installation.unit})}};
}

// As a shell or env, with the directory of programs in a variable of the unit or of its EnvironmentFile.
bool starts_by_old_bindir(Subject &subject) {
    auto files = Service(subject.node, subject.installation.unit).files();
    for (const auto &[key, value] : service_lines(files)) {
        if (key == "EnvironmentFile") {
            files.push_back(environment_file_of(value));
        }
    }
    return std::ranges::any_of(files, [&](const auto &file) {
        return text_of(file).find(subject.installation.old_bindir.string()) != std::string::npos;
    });
}

// The step `reconfigure` exchanges the old directory of programs for the new; any other path stays.
Findings unit_program(Subject &subject) {
    if (is_by_hand(subject)) {
        return {};
    }
    if (!is_known(subject)) {
        throw NotExamined("no unit is known");
    }
    const auto command = property_of(subject, "ExecStart");
    const auto program = autoctl_in(command);
    if (program.parent_path() == subject.installation.old_bindir || program == subject.installation.new_autoctl ||
        (program == "/usr/bin/pg_autoctl" && starts_by_old_bindir(subject))) {
        return {};
    }
    return {{fmt::format("\"{}\" starts \"{}\"", subject.installation.unit,
                         program.empty() ? command.substr(0, command.find(" ;")) : program.string())}};
}

// Limits and environment the new server gets from its first start; these are the service manager's to give.
Findings unit_settings(Subject &subject) {
    if (is_by_hand(subject)) {
        return {};
    }
    if (!is_known(subject)) {
        throw NotExamined("no unit is known");
    }
    constexpr std::array kProperties{
        "CPUAffinity",   "CPUQuotaPerSecUSec", "IOWeight",           "MemoryHigh",     "MemoryMax",  "NUMAPolicy",
        "Nice",          "PrivateDevices",     "PrivateMounts",      "PrivateNetwork", "PrivateTmp", "ProtectHome",
        "ProtectSystem", "RootDirectory",      "TemporaryFileSystem"};
    constexpr std::array<std::string_view, 7> kDefaults{"", "0", "[not set]", "default", "infinity", "n/a", "no"};
    std::vector<std::string> argv{"systemctl", "show", "--", subject.installation.unit};
    for (const auto *property : kProperties) {
        argv.insert(argv.begin() + 2, fmt::format("--property={}", property));
    }
    Findings findings;
    std::istringstream lines(run({.argv = argv}).output);
    for (std::string line; std::getline(lines, line);) {
        const auto value = line.substr(std::min(line.find('=') + 1, line.size()));
        if (std::ranges::find(kDefaults, value) == kDefaults.end()) {
            findings.push_back({fmt::format("\"{}\" has {}", subject.installation.unit, line)});
        }
    }
    const auto command = property_of(subject, "ExecStart");
    if (command.find("numactl") != std::string::npos || command.find("taskset") != std::string::npos) {
        findings.push_back(
            {fmt::format("\"{}\" starts pg_autoctl by another program, which chooses memory or "
                         "processors",
                         subject.installation.unit)});
    }
    return findings;
}

}  // namespace

std::vector<Check> service_checks() {
    return {
        {"service_unit", Severity::Error, Where::EveryNode, "the service could not be stopped and started",
         "Start pg_autoctl by its unit, or name the unit with --service; where it is started by hand, --service none.",
         service_unit},
        {"unit_of_this_node", Severity::Error, Where::EveryNode, "another service would be stopped instead",
         "Name the unit that runs this node with --service, and see that it is started.", unit_of_this_node},
        {"unit_program", Severity::Error, Where::EveryNode,
         "after the upgrade it would start the old pg_autoctl, which cannot run the new cluster",
         "Let ExecStart name pg_autoctl in PostgreSQL's own directory of programs.", unit_program},
        {"unit_settings", Severity::Note, Where::EveryNode,
         "it holds for the new server from the next restart of the unit on, and not from its first start",
         "Restart the unit at a quiet time after the upgrade, the standbys' first.", unit_settings},
        {"unit_enabled", Severity::Warning, Where::EveryNode, "it does not start when the host boots",
         "Enable the unit.", unit_enabled}};
}

}  // namespace pgaf
