#include <sstream>

#include <fmt/format.h>

#include "node/service.hpp"
#include "plan/by_hand.hpp"
#include "system/shell.hpp"
#include "system/unit_override.hpp"

namespace fs = std::filesystem;

// What is done by pg_auto_failover, systemd and the servers that run.
namespace pgaf {

namespace {

// systemd forgets it with the next boot.
fs::path drop_in_of(const std::string &unit) {
    return fs::path("/run/systemd/system") / (unit + ".d") / "pgaf-upgrade-by-hand.conf";
}

std::string write_lines(const fs::path &file, const std::string &text) {
    std::vector<std::string> argv{"printf", "%s\\n"};
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        argv.push_back(line);
    }
    return shell_line(argv) + " >" + shell_quoted(file.string());
}

// A drop-in names the new programs, as it does in a run; the unit's own files stay.
Lines service_programs(const Service &service, const Installation &installation, int target) {
    const auto folder = fs::path("/etc/systemd/system") / (installation.unit + ".d");
    OtherPrograms programs(target);
    if (installation.old_bindir != "/usr/bin") {
        programs.add(installation.old_bindir, installation.new_bindir);
    }
    const auto environment = folder / "pgaf-upgrade.environment";
    const auto made = service.override_by(programs, environment);
    if (made.drop_in.empty()) {
        return {};
    }
    Lines lines{shell_line({"install", "-d", folder.string()}),
                write_lines(folder / privileged::kProgramsDropIn, "[Service]\n" + made.drop_in)};
    if (!made.environment.empty()) {
        lines.push_back(write_lines(environment, made.environment));
    }
    return lines;
}

// The states of a primary at rest.
constexpr const char *kPrimary = "primary|single|wait_primary";

}  // namespace

Lines ByHand::set_number_sync_standbys(int number) const {
    if (number_sync_standbys_ == 0) {
        return {};
    }
    return {on_monitor(fmt::format("SELECT pgautofailover.set_formation_number_sync_standbys({}, {})",
                                   quote_literal(formation_), number)),
            until_settled(kPrimary)};
}

// Twice: the first may take long, and what is dirtied meanwhile is written by the second.
Lines ByHand::checkpoint() const {
    return {until_settled(kPrimary), here("CHECKPOINT"), here("CHECKPOINT")};
}

// systemd would signal every process of the server and not pg_autoctl alone, and kill them after 90 s.
Lines ByHand::stop() const {
    Lines lines;
    if (Service(node_, installation_.unit).is_by_hand()) {
        lines.push_back(fmt::format("kill \"$(head -n 1 {0})\"; while [ -e {0} ]; do sleep 0.2; done",
                                    shell_quoted(node_.paths.pid.string())));
    } else {
        const auto drop_in = drop_in_of(installation_.unit);
        lines = {shell_line({"install", "-d", drop_in.parent_path().string()}),
                 fmt::format("printf '%s\\n' '[Service]' KillMode=mixed SendSIGKILL=no TimeoutStopSec=1h >{}",
                             shell_quoted(drop_in.string())),
                 "systemctl daemon-reload", shell_line({"systemctl", "stop", installation_.unit})};
    }
    lines.push_back(
        fmt::format("{} | grep -E '^Database cluster state: +shut down( in recovery)?$'",
                    as_owner({(installation_.old_bindir / "pg_controldata").string(), "-D", node_.data_dir.string()})));
    return lines;
}

Lines ByHand::start_service() const {
    Lines lines{shell_line({"rm", "-f", drop_in_of(installation_.unit).string()}), "systemctl daemon-reload",
                shell_line({"systemctl", "start", installation_.unit})};
    if (Service(node_, installation_.unit).is_by_hand()) {
        lines = {as_owner(autoctl_arguments(node_, installation_.new_autoctl, work_dir_ / "pg_autoctl_run.log"))};
    }
    if (role_ == Role::Monitor) {
        auto query = here("SELECT true");
        query.replace(query.find("-d postgres"), std::string("-d postgres").size(), "-d pg_auto_failover");
        lines.push_back(until(query));
    }
    return lines;
}

// Printed and not done: a node may not, but in the step of a run, change what the monitor knows of its whole group.
Lines ByHand::identity() const {
    const auto statement = fmt::format("SELECT {}({}, {}, {}, ", function("pgaf_upgrade_rewrite_sysidentifier"),
                                       quote_literal(formation_), group_, subject_.control().system_identifier);
    return {"# prints what is to be done as a superuser in the monitor's database pg_auto_failover",
            fmt::format("printf '%s%s);\\n' {} \"{}\"", shell_quoted(statement),
                        control_value("Database system identifier"))};
}

Lines ByHand::reconfigure() const {
    Lines lines{as_owner({installation_.new_autoctl.string(), "config", "set", "postgresql.pg_ctl",
                          (installation_.new_bindir / "pg_ctl").string(), "--pgdata", node_.pgdata.string()})};
    if (const Service service(node_, installation_.unit); !service.is_by_hand()) {
        const auto named = service_programs(service, installation_, subject_.target);
        lines.insert(lines.end(), named.begin(), named.end());
        lines.emplace_back("systemctl daemon-reload");
    }
    if (role_ != Role::Monitor) {
        // pg_control version, catalog version and system identifier, where pg_auto_failover 2.0 to 2.2 have them
        lines.push_back(fmt::format("{} {} \"{}\" \"{}\" \"{}\"",
                                    as_owner({"perl", "-e",
                                              "open(my $state, '+<', shift) or die $!; seek($state, 8, 0);"
                                              " print $state pack('LLQ', @ARGV) or die $!; close($state) or die $!"}),
                                    shell_quoted(node_.paths.state.string()),
                                    control_value("pg_control version number"), control_value("Catalog version number"),
                                    control_value("Database system identifier")));
    }
    return lines;
}

Lines ByHand::enter_maintenance() const {
    return {here("CHECKPOINT"), on_monitor(fmt::format("SELECT pgautofailover.start_maintenance({})", node_.nodeid)),
            until_settled("maintenance")};
}

Lines ByHand::rejoin() const {
    auto lines = start_service();
    if (role_ == Role::Secondary) {
        // of the new pg_autoctl: it reports within seconds
        lines.push_back(until(on_monitor(
            fmt::format("SELECT reporttime > now() - interval '3 s' AND reportedpgisrunning FROM pgautofailover.node"
                        " WHERE nodeid = {}",
                        node_.nodeid))));
        lines.push_back(on_monitor(fmt::format("SELECT pgautofailover.stop_maintenance({})", node_.nodeid)));
    }
    lines.push_back(until_settled(role_ == Role::Secondary ? "secondary" : kPrimary));
    return lines;
}

Lines ByHand::verify() const {
    return {here("SHOW server_version"),
            as_owner({installation_.new_autoctl.string(), "show", "state", "--pgdata", node_.pgdata.string()})};
}

}  // namespace pgaf
