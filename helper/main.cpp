#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "commands/as_owner.hpp"
#include "commands/commands.hpp"
#include "commands/migrate.hpp"

namespace {

int report(pgaf::ExitCode code, const char *message, const std::string &hint) noexcept {
    static_cast<void>(std::fprintf(stderr, "pgaf-upgrade: error: %s\n", message));
    if (!hint.empty()) {
        static_cast<void>(std::fprintf(stderr, "hint: %s\n", hint.c_str()));
    }
    return static_cast<int>(code);
}

// The last edge: what is thrown becomes the process's exit code, with a message and a hint.
int reported(const std::function<int()> &work) noexcept {
    try {
        try {
            return work();
        } catch (...) {
            const auto error = pgaf::from_current_exception("pgaf-upgrade");
            return report(error.code(), error.what(), error.hint());
        }
    } catch (...) {
        return report(pgaf::ExitCode::Internal, "out of memory", "");
    }
}

// CLI::PositiveNumber says it with the largest number there is.
CLI::Validator above_zero() {
    return {[](const std::string &text) {
                double number = 0;
                return CLI::detail::lexical_cast(text, number) && number > 0 ? "" : "must be a number above 0";
            },
            "NUMBER"};
}

// The configuration file holds settings of the host. A command's options are none, and a name that there is not
// would be a setting that does nothing.
void refuse_what_is_no_setting(CLI::App &app) {
    app.allow_config_extras(CLI::config_extras_mode::error);
    for (auto *command : app.get_subcommands([](const CLI::App * /*all*/) { return true; })) {
        for (auto *option : command->get_options()) {
            option->configurable(false);
        }
    }
}

int report_usage(const CLI::ParseError &error, const std::string &config_file) {
    using pgaf::ExitCode;
    if (!std::filesystem::exists(config_file)) {
        return report(ExitCode::Usage, error.what(), "See pgaf-upgrade --help.");
    }
    // CLI11's words for a name that it does not know
    constexpr std::string_view kUnknown = "INI was not able to parse ";
    std::string message = error.what();
    if (message.starts_with(kUnknown)) {
        message = "there is no setting \"" + message.substr(kUnknown.size()) + "\"";
    }
    if (dynamic_cast<const CLI::ConfigError *>(&error) != nullptr) {
        message = "in \"" + config_file + "\": " + message;
    }
    return report(ExitCode::Usage, message.c_str(),
                  "See pgaf-upgrade --help, and for \"" + config_file + "\" man pgaf-upgrade.conf.");
}

int run_command_line(int argc, char **argv) {
    using pgaf::ExitCode;
    pgaf::Options options;
    std::function<ExitCode(const pgaf::Options &)> command;

    CLI::App app{"Upgrades this node of a pg_auto_failover cluster, together with the others."};
    app.require_subcommand(1);
    app.set_config("--config", "/etc/pgaf-upgrade.conf", "a file with these settings");
    app.fallthrough();
    app.add_option("--pgdata", options.pgdata, "the node's data directory (default: the only one on this host)")
        ->envname("PGDATA");
    app.add_option("--new-bindir", options.new_bindir, "the programs of the target (default: as the old ones' path)")
        ->envname("PGAF_UPGRADE_NEW_BINDIR");
    app.add_option("--service", options.service,
                   "the unit that runs pg_autoctl (default: the only one that does as PGDATA's owner)")
        ->envname("PGAF_UPGRADE_SERVICE");
    app.add_option("--users", options.users, "the users that PostgreSQL runs as on this host, for whom root works")
        ->delimiter(',');
    app.add_option("--wait-limit", options.wait_limit_s, "seconds to wait for the monitor or for a run to be started");
    app.add_option("--limit-factor", options.limit_factor,
                   "wait this many times as long before a step is taken to hang")
        ->check(above_zero());
    app.add_option("--transaction-wait", options.transaction_wait_s,
                   "seconds the primary waits for open transactions, still taking writes, before it ends them")
        ->check(CLI::NonNegativeNumber);
    app.add_flag("--amcheck,!--no-amcheck", options.amcheck, "prove a standby built by links by pg_amcheck, too");
    app.add_option("--archive", options.archive,
                   "archiving after the upgrade: pause, keep, or the archive_command for a new place");
    app.add_option("--backup-max-age", options.backup_max_age_days, "days for which a recorded backup counts as recent")
        ->check(above_zero());

    const auto add_target_and_method = [&options](CLI::App *to) {
        to->add_option("--target", options.target, "the major to upgrade to");
        to->add_option("--method", options.method, "as pgaf_upgrade_start will be told: link, swap, clone or copy")
            ->check(CLI::IsMember({"link", "swap", "clone", "copy"}));
    };
    auto *check = app.add_subcommand("check", "look for what would stop an upgrade; changes nothing");
    add_target_and_method(check);
    check->add_option("--standby-method", options.standby_method, "likewise: auto, basebackup or link")
        ->check(CLI::IsMember({"auto", "basebackup", "link"}));
    check->add_option("--only", options.only, "these checks, parted by commas")->delimiter(',');
    check->add_flag("--diff", options.show_changes, "show what is changed in the configuration files");
    check->callback([&] { command = pgaf::command_check; });
    auto *backup = app.add_subcommand("backup", "take a base backup of this node, prove and record it");
    backup->add_option("--to", options.backup_to, "the directory for it (default: PGDATA_backups)");
    backup->callback([&] { command = pgaf::command_backup; });
    pgaf::MigrateOptions migrate_options;
    auto *migrate = app.add_subcommand("migrate", "fill this new cluster from an old one, by dump and restore");
    migrate->add_option("--from", migrate_options.from, "the old cluster, as a connection string of a superuser")
        ->required();
    migrate->add_option("--jobs", migrate_options.jobs, "programs that dump or restore at a time")
        ->check(CLI::Range(1, 64));
    migrate->add_option("--dumps", migrate_options.dumps, "the directory for the dumps (default: PGDATA_migration)");
    auto *refuse =
        migrate->add_flag("--refuse-writes", migrate_options.refuse_writes, "on the old cluster, from before the copy");
    auto *give_back = migrate->add_flag("--give-back-writes", migrate_options.give_back_writes,
                                        "let the old cluster take writes again");
    auto *restart = migrate->add_flag("--restart", migrate_options.restart, "drop what was filled, and fill it again");
    give_back->excludes(refuse)->excludes(restart);
    migrate->callback([&] {
        command = [&migrate_options](const pgaf::Options &given) {
            return pgaf::command_migrate(given, migrate_options);
        };
    });
    auto *plan = app.add_subcommand("plan", "show this node's steps in their order; changes nothing");
    add_target_and_method(plan);
    plan->add_flag("--commands", options.show_commands, "each as commands for a root shell, to be done by hand");
    plan->callback([&] { command = pgaf::command_plan; });
    auto *run = app.add_subcommand("run", "perform this node's steps as they come due");
    run->add_flag("--once", options.once, "what is due now, then exit (for cron)");
    run->add_flag("--base-backup", options.base_backup,
                  "build this standby by a base backup, whatever the run would have");
    run->add_flag("--without-monitor", options.without_monitor,
                  "the monitor's host is lost for good: end this node's part without it");
    run->callback([&] { command = pgaf::command_run; });
    auto *rollback = app.add_subcommand("rollback", "let the old cluster serve again, while it can");
    rollback->add_option("--reason", options.reason, "why, for the run's history");
    rollback->add_flag("--discard-new-data", options.discard_new_data,
                       "after the switch (methods clone and copy): give up what was written since");
    rollback->callback([&] { command = pgaf::command_rollback; });
    auto *status = app.add_subcommand("status", "show the run, of all nodes");
    auto *watch = status->add_flag("--watch", options.watch, "until the run has ended, or ctrl-C");
    auto *json = status->add_flag("--json", options.json, "for programs: see docs/status-schema.json");
    auto *prometheus =
        status->add_flag("--prometheus", options.prometheus, "metrics for node_exporter's textfile collector");
    watch->excludes(json)->excludes(prometheus);
    json->excludes(prometheus);
    status->add_option("--run", options.run, "the number of the run (default: the newest)");
    auto *output = status->add_option("--output", options.output, "a file for --json or --prometheus (default: -)");
    watch->excludes(output);
    status->callback([&] { command = pgaf::command_status; });
    auto *report_command = app.add_subcommand("report", "write a run down as one page");
    report_command->add_option("--html", options.output, "the file to write; - for standard output")->required();
    report_command->add_option("--run", options.run, "the number of the run (default: the newest)");
    report_command->callback([&] { command = pgaf::command_report; });
    app.add_subcommand("version", "show the version")->callback([&] { command = pgaf::command_version; });

    refuse_what_is_no_setting(app);
    try {
        // a file that is named is read with the rights of who names it
        const auto caller = pgaf::caller_by_sudo();
        const auto acting = caller ? std::optional<pgaf::ActingAs>(std::in_place, *caller) : std::nullopt;
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        if (error.get_exit_code() == 0) {
            return app.exit(error);
        }
        return report_usage(error, app.get_config_ptr()->as<std::string>());
    }
    if (app.got_subcommand("version")) {
        return static_cast<int>(command(options));  // of no node
    }
    const auto doing = "pgaf-upgrade " + app.get_subcommands().front()->get_name();
    return pgaf::carry_out(
        options,
        [&](const pgaf::Options &given) { return pgaf::with_errors_told(doing, [&] { return command(given); }); },
        reported);
}

}  // namespace

int main(int argc, char **argv) {
    return reported([&] { return run_command_line(argc, argv); });
}
