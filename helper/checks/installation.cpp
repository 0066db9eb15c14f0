#include <unistd.h>

#include <fmt/format.h>

#include "checks/check.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

std::string version_of_new(Subject &subject) {
    return last_lines(run({.argv = {(subject.installation.new_bindir / "postgres").string(), "--version"}}).output, 1);
}

Findings new_programs(Subject &subject) {
    Findings findings;
    for (const auto *program : {"postgres", "pg_ctl", "initdb", "pg_upgrade", "pg_controldata", "pg_resetwal",
                                "pg_dump", "pg_dumpall", "pg_restore", "pg_basebackup", "psql", "vacuumdb"}) {
        const auto path = subject.installation.new_bindir / program;
        if (::access(path.c_str(), X_OK) != 0) {
            findings.push_back({fmt::format("\"{}\" is missing", path.string())});
        }
    }
    if (!findings.empty()) {
        return findings;
    }
    const auto version = version_of_new(subject);
    if (version.find(fmt::format(" {}.", subject.target)) == std::string::npos) {
        findings.push_back(
            {fmt::format("\"{}\" is {}", (subject.installation.new_bindir / "postgres").string(), version)});
    }
    return findings;
}

Findings new_pg_autoctl(Subject &subject) {
    if (::access(subject.installation.new_autoctl.c_str(), X_OK) != 0) {
        return {{fmt::format("neither {} nor /usr/bin has a pg_autoctl", subject.installation.new_bindir.string())}};
    }
    // Where there is one for all majors, as Debian's packages have it, it may still be the old one: "compatible with
    // Postgres 13, 14, 15, 16 and 17". Debian's for 18 says the same, and "compiled with PostgreSQL 18".
    const auto said = run({.argv = {subject.installation.new_autoctl.string(), "version"}}).output;
    const auto at = said.find("compatible with ");
    const auto compatible = at == std::string::npos ? "" : said.substr(at, said.find('\n', at) - at);
    if (compatible.find(std::to_string(subject.target)) == std::string::npos &&
        said.find(fmt::format("compiled with PostgreSQL {}", subject.target)) == std::string::npos) {
        return {{fmt::format("\"{}\" is of another version: {}", subject.installation.new_autoctl.string(),
                             last_lines(said, 4))}};
    }
    return {};
}

// Fixed in 17.6: pg_upgrade stopped where WAL that slots hold back is limited.
Findings faulty_minor(Subject &subject) {
    const auto version = version_of_new(subject);
    const auto at = version.find(" 17.");
    if (at == std::string::npos || std::atoi(version.c_str() + at + 4) >= 6 ||
        subject.setting("max_slot_wal_keep_size") == "-1") {
        return {};
    }
    return {{fmt::format("{}, and max_slot_wal_keep_size is {}", version, subject.setting("max_slot_wal_keep_size"))}};
}

}  // namespace

std::vector<Check> installation_checks() {
    return {{"new_programs", Severity::Error, Where::EveryNode, "the upgrade needs the whole server package",
             "Install it for the target, or name its directory with --new-bindir.", new_programs},
            {"new_pg_autoctl", Severity::Error, Where::EveryNode, "nothing could run the upgraded node",
             "Install pg_auto_failover for the target.", new_pg_autoctl},
            {"faulty_minor", Severity::Error, Where::Upgraded, "pg_upgrade of this minor version fails with that",
             "Install 17.6 or later.", faulty_minor}};
}

}  // namespace pgaf
