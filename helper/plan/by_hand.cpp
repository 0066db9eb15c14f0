#include "plan/by_hand.hpp"

#include <functional>
#include <map>

#include <fmt/format.h>

#include "postgres/connection.hpp"
#include "system/shell.hpp"

namespace pgaf {

ByHand::ByHand(Subject &subject)
    : subject_(subject),
      node_(subject.node),
      installation_(subject.installation),
      role_(subject.is_monitor()     ? Role::Monitor
            : subject.is_secondary() ? Role::Secondary
                                     : Role::Primary),
      old_dir_(node_.beside(fmt::format("_pg{}", installation_.source))),
      new_dir_(node_.beside(fmt::format("_pg{}", subject.target))),
      work_dir_(node_.work_dir() / "by_hand") {
    try {
        superuser_ = bootstrap_superuser(subject_.server());
    } catch (const NotExamined &) {
        throw HelperError(ExitCode::Refused, fmt::format("no server answers in \"{}\"", node_.pgdata.string()),
                          "The commands are made from what it is now: start its service first.");
    }
    if (installation_.unit.empty()) {
        throw HelperError(ExitCode::Refused, "no unit of systemd runs pg_autoctl here",
                          "Name it with --service, or start pg_autoctl by one.");
    }
    if (role_ == Role::Monitor) {
        return;
    }
    const auto id = std::to_string(node_.nodeid);
    const auto self = subject_.monitor().query(
        "SELECT n.formationid, n.groupid, f.number_sync_standbys FROM pgautofailover.node n"
        "  JOIN pgautofailover.formation f USING (formationid) WHERE n.nodeid = $1",
        {id});
    if (self.size() == 0) {
        throw HelperError(ExitCode::Refused, fmt::format("the monitor knows no node {}", id));
    }
    formation_ = self.text(0, "formationid");
    group_ = std::stoi(self.text(0, "groupid"));
    number_sync_standbys_ = std::stoi(self.text(0, "number_sync_standbys"));
    const auto others = subject_.monitor().query(
        "SELECT o.nodeid FROM pgautofailover.node n JOIN pgautofailover.node o USING (formationid, groupid)"
        " WHERE n.nodeid = $1 AND o.nodeid <> n.nodeid ORDER BY o.nodeid",
        {id});
    for (int row = 0; row < others.size(); ++row) {
        others_.push_back(others.text(row, "nodeid"));
    }
}

Lines ByHand::commands(std::string_view step) const {
    const auto carried = [this](bool with_access_rules) {
        auto lines = copy_configuration(node_.data_dir, new_dir_, with_access_rules);
        const auto edits = edit_configuration(new_dir_);
        lines.insert(lines.end(), edits.begin(), edits.end());
        return lines;
    };
    const std::map<std::string_view, std::function<Lines()>> steps{
        {steps::kDiscover, [] { return Lines{}; }},
        {steps::kCheck, [] { return Lines{"pgaf-upgrade check"}; }},
        {steps::kInitdb, [this] { return initdb(); }},
        {steps::kConfigure, [&] { return carried(false); }},
        {steps::kDryRun, [this] { return pg_upgrade(true); }},
        {steps::kRehearse,
         [this] {
             return Lines{
                 fmt::format("pgaf-upgrade rehearse --target {} --method {}", subject_.target, subject_.method)};
         }},
        {steps::kRelaxSync, [this] { return set_number_sync_standbys(0); }},
        {steps::kCheckpoint, [this] { return checkpoint(); }},
        {steps::kStop,
         [this] {
             auto lines = note_subscriptions();
             const auto stopping = stop();
             lines.insert(lines.end(), stopping.begin(), stopping.end());
             return lines;
         }},
        {steps::kPgUpgrade, [this] { return pg_upgrade(false); }},
        {steps::kCarry, [&] { return carried(true); }},
        {steps::kSwap, [this] { return swap(); }},
        {steps::kStart, [this] { return role_ == Role::Monitor ? start_service() : start(); }},
        {steps::kIdentity, [this] { return identity(); }},
        {steps::kReconfigure, [this] { return reconfigure(); }},
        {steps::kUpdateExtensions, [this] { return update_extensions(); }},
        {steps::kStatistics,
         [this] {
             auto lines = carry_subscriptions();
             const auto gathering = statistics();
             lines.insert(lines.end(), gathering.begin(), gathering.end());
             return lines;
         }},
        {steps::kRejoin, [this] { return rejoin(); }},
        {steps::kRestoreSettings, [this] { return set_number_sync_standbys(number_sync_standbys_); }},
        {steps::kVerify, [this] { return verify(); }},
        {steps::kEnterMaintenance, [this] { return enter_maintenance(); }},
        {steps::kRebuild, [this] { return rebuild(); }},
    };
    return steps.at(step)();
}

std::string ByHand::as_owner(const std::vector<std::string> &argv) const {
    return fmt::format("runuser -u {} -- {}", shell_quoted(node_.owner.name), shell_line(argv));
}

std::string ByHand::in_work_dir(const std::string &command) const {
    return fmt::format("(cd {} && {})", shell_quoted(work_dir_.string()), command);
}

// With the credentials by which this node speaks to the monitor itself.
std::string ByHand::on_monitor(const std::string &sql) const {
    return as_owner({(installation_.new_bindir / "psql").string(), "-X", "-v", "ON_ERROR_STOP=1", "-Atc", sql, "-d",
                     node_.monitor_conninfo()});
}

std::string ByHand::here(const std::string &sql) const {
    return here_in("postgres", sql);
}

std::string ByHand::here_in(const std::string &database, const std::string &sql) const {
    const auto server = node_.running_server();
    return as_owner({(installation_.new_bindir / "psql").string(), "-X", "-v", "ON_ERROR_STOP=1", "-h",
                     server ? server->first : "", "-p", std::to_string(node_.config.port), "-U", superuser_, "-d",
                     database, "-Atc", sql});
}

std::string ByHand::until(const std::string &query) const {
    return fmt::format("until [ \"$({})\" = t ]; do sleep 1; done", query);
}

std::string ByHand::until_settled(const std::string &state) const {
    return until(on_monitor(
        fmt::format("SELECT reportedstate = goalstate AND reportedstate::text ~ '^({})$' FROM pgautofailover.node"
                    " WHERE nodeid = {}",
                    state, node_.nodeid)));
}

std::string ByHand::control_value(const std::string &key) const {
    return fmt::format(
        "$({} | sed -n 's/^{}: *//p')",
        as_owner({(installation_.new_bindir / "pg_controldata").string(), "-D", node_.data_dir.string()}), key);
}

// Of the extension, on the monitor.
std::string ByHand::function(const std::string &name) const {
    const auto &schema = subject_.schema_of_extension();
    if (schema.empty()) {
        throw HelperError(ExitCode::Refused, "the monitor does not have the extension pgaf_upgrade",
                          "On the monitor, in database pg_auto_failover: CREATE EXTENSION pgaf_upgrade.");
    }
    return fmt::format("{}.{}", schema, name);
}

}  // namespace pgaf
