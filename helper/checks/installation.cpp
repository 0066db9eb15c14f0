#include <unistd.h>

#include <fmt/format.h>

#include "checks/check.hpp"
#include "process.hpp"
#include "service.hpp"

namespace pgaf {

namespace {

std::optional<std::string> new_programs(const CheckSubject &subject) {
    for (const auto *program :
         {"postgres", "pg_ctl", "initdb", "pg_upgrade", "pg_controldata", "pg_basebackup", "psql", "vacuumdb"}) {
        const auto path = subject.installation.new_bindir / program;
        if (::access(path.c_str(), X_OK) != 0) {
            return fmt::format("\"{}\" is missing", path.string());
        }
    }
    const auto version = run_checked(
        {.argv = {(subject.installation.new_bindir / "postgres").string(), "--version"}, .run_as = subject.node.owner});
    if (version.find(fmt::format(" {}.", subject.target)) == std::string::npos) {
        return fmt::format("\"{}\" is {}", (subject.installation.new_bindir / "postgres").string(),
                           last_lines(version, 1));
    }
    return std::nullopt;
}

std::optional<std::string> new_pg_autoctl(const CheckSubject &subject) {
    if (::access(subject.installation.new_autoctl.c_str(), X_OK) != 0) {
        return fmt::format("neither {} nor /usr/bin has a pg_autoctl", subject.installation.new_bindir.string());
    }
    return std::nullopt;
}

std::optional<std::string> service_unit(const CheckSubject &subject) {
    if (!Service(subject.installation.unit).is_known()) {
        return subject.installation.unit.empty()
                   ? "pg_autoctl does not run under a unit of systemd"
                   : fmt::format("systemd knows no unit \"{}\"", subject.installation.unit);
    }
    return std::nullopt;
}

}  // namespace

std::vector<Check> installation_checks() {
    return {{"new_programs", Severity::Error, "the upgrade needs the whole server package of the target",
             "Install it, or name its directory with --new-bindir.", new_programs},
            {"new_pg_autoctl", Severity::Error, "nothing could run the upgraded node",
             "Install pg_auto_failover for the target.", new_pg_autoctl},
            {"service_unit", Severity::Error, "the service could not be stopped and started",
             "Start pg_autoctl by its unit, or name the unit with --service.", service_unit}};
}

}  // namespace pgaf
