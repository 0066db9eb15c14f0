#include "commands/options.hpp"

#include <limits>

namespace pgaf {

namespace {

template <typename T>
Field of(T Options::*member) {
    return [member](Given &given) { return &(given.options.*member); };
}

template <typename T>
Field of(T MigrateOptions::*member) {
    return [member](Given &given) { return &(given.migrate.*member); };
}

template <typename T>
Field of(T Given::*member) {
    return [member](Given &given) { return &(given.*member); };
}

Range whole(int least, int most = std::numeric_limits<int>::max()) {
    return {.least = static_cast<double>(least), .most = static_cast<double>(most)};
}

Range above_zero() {
    return {.least = 0, .most = std::numeric_limits<double>::max(), .is_whole = false, .is_above = true};
}

const std::vector<std::string> kMethods{"link", "swap", "clone", "copy"};

std::vector<OptionRow> settings() {
    return {
        {.name = "pgdata",
         .value = "DIR",
         .field = of(&Options::pgdata),
         .summary = "Use the node with this data directory",
         .manual = "The data directory as pg_autoctl knows it. Needed only if pg_autoctl manages several nodes on this "
                   "host.",
         .takes = Takes::Directory,
         .environment = "PGDATA",
         .is_setting = true,
         .default_text = "the only node on this host",
         .example = "/var/lib/postgresql/data"},
        {.name = "new-bindir",
         .value = "DIR",
         .field = of(&Options::new_bindir),
         .summary = "Use the programs of the new major in this directory",
         .manual = "The directory with `pg_upgrade`, `initdb` and the other programs of the new major. Without it, "
                   "pgaf-upgrade replaces the major in the path of the old programs: `/usr/pgsql-15/bin` becomes "
                   "`/usr/pgsql-17/bin`.",
         .takes = Takes::Directory,
         .environment = "PGAF_UPGRADE_NEW_BINDIR",
         .is_setting = true,
         .default_text = "the old path with the new major",
         .example = "/usr/lib/postgresql/17/bin"},
        {.name = "service",
         .value = "UNIT",
         .field = of(&Options::service),
         .summary = "Stop and start pg_autoctl by this systemd unit",
         .manual = "The systemd unit that runs pg_autoctl. Without it, pgaf-upgrade uses the only unit that runs "
                   "pg_autoctl as "
                   "PGDATA's owner. `none`: there is no systemd, or pg_autoctl is started by hand. Then make sure that "
                   "neither a reboot nor another admin starts pg_autoctl during the upgrade.",
         .takes = Takes::Unit,
         .suggestions = {"none"},
         .environment = "PGAF_UPGRADE_SERVICE",
         .is_setting = true,
         .default_text = "the unit that runs pg_autoctl as PGDATA's owner",
         .example = "pgautofailover.service"},
        {.name = "users",
         .value = "NAMES",
         .field = of(&Options::users),
         .summary = "Work for these users only, separated by commas",
         .manual = "The users that PostgreSQL runs as on this host. Called as root, pgaf-upgrade works as the one of "
                   "them that has the node, and for nobody else. In the configuration file, write several as a list: "
                   "`users = [\"postgres\", \"billing\"]`.",
         .takes = Takes::User,
         .is_setting = true},
        {.name = "limit-factor",
         .value = "FACTOR",
         .field = of(&Options::limit_factor),
         .summary = "Multiply all step timeouts by FACTOR",
         .manual = "Each step has a timeout that fits the size of the data. On a slow machine, give it more time: with "
                   "2, each step may take twice as long.",
         .range = above_zero(),
         .is_setting = true},
        {.name = "wait-limit",
         .value = "SECONDS",
         .field = of(&Options::wait_limit_s),
         .summary = "Wait this long for the monitor or for a run to start",
         .manual = "How long `run` waits until a run is started on the monitor, and how long any command waits for a "
                   "monitor that is down.",
         .range = whole(0),
         .is_setting = true},
        {.name = "transaction-wait",
         .value = "SECONDS",
         .field = of(&Options::transaction_wait_s),
         .summary = "Wait this long for open transactions before the switch",
         .manual = "How long the primary waits for open transactions before it stops. It accepts writes while it "
                   "waits. Transactions that are still open afterwards are ended and rolled back.",
         .range = whole(0),
         .is_setting = true},
        {.name = "replication-wait",
         .value = "SECONDS",
         .field = of(&Options::replication_wait_s),
         .summary = "Wait this long in the stop for other replication clients",
         .manual = "PostgreSQL does not end before everybody who receives WAL has confirmed all of it. The nodes of "
                   "the group are waited for. Other clients are ended after this time: consumers of logical slots, "
                   "`pg_receivewal`, standbys of standbys. Writes are refused meanwhile. The check "
                   "`replication_clients` lists them.",
         .range = whole(0),
         .is_setting = true},
        {.name = "refused-limit",
         .value = "SECONDS",
         .field = of(&Options::refused_limit_s),
         .summary = "Give the switch up if the primary stops too slowly",
         .manual = "How long the primary may refuse writes before pg_upgrade begins. If it has not begun by then, "
                   "pgaf-upgrade starts the old server again, and the run waits for another approval. Once pg_upgrade "
                   "has begun, it is not interrupted. A run that was started with `on_failure => 'stay'` stops there, "
                   "and the old server is not started.",
         .range = whole(1),
         .is_setting = true,
         .default_text = "no limit",
         .example = "60"},
        {.name = "amcheck",
         .field = of(&Options::amcheck),
         .summary = "Verify a standby built by links with pg_amcheck",
         .manual = "After a standby was built by links, `pg_amcheck --heapallindexed` reads all tables and indexes in "
                   "the databases that have the extension amcheck. This takes as long as it takes to read the data. "
                   "`--no-amcheck` turns off what the configuration file says.",
         .is_setting = true,
         .has_negation = true},
        {.name = "archive",
         .value = "CHOICE",
         .field = of(&Options::archive),
         .summary = "Choose what happens to WAL archiving",
         .manual = "The new cluster has a new system identifier and starts at timeline 1. In the old archive its WAL "
                   "would make later restores fail. `pause`: keep all WAL until you set archive_command again. `keep`: "
                   "leave archive_command as it is. Anything else is the archive_command for a new place. There is no "
                   "default: while the node archives, the check `archiving` fails until you choose. Give the same "
                   "choice to `check` and to `run`, best in the configuration file.",
         .suggestions = {"pause", "keep"},
         .is_setting = true,
         .example = "pgbackrest --stanza=main17 archive-push %p"},
        {.name = "backup-max-age",
         .value = "DAYS",
         .field = of(&Options::backup_max_age_days),
         .summary = "Accept a recorded backup for this many days",
         .manual = "The check `backup` fails if every recorded backup is older than this.",
         .range = whole(1),
         .is_setting = true},
        {.name = "config",
         .value = "FILE",
         .summary = "Read settings from this file",
         .manual = "The configuration file, see pgaf-upgrade.conf(5). The default file need not exist.",
         .takes = Takes::File,
         .default_text = kConfigurationFile},
        {.name = "help",
         .summary = "Show the options, of a command after its name",
         .manual = "Shows the commands and their options; after a command, the options of that command.",
         .letter = 'h'},
    };
}

std::vector<OptionRow> of_looking() {
    return {
        {.command = "check",
         .name = "target",
         .value = "MAJOR",
         .field = of(&Options::target),
         .summary = "Check for an upgrade to this major version",
         .manual = "The major version that you will give to pgaf_upgrade_start().",
         .range = whole(1)},
        {.command = "check",
         .name = "method",
         .value = "METHOD",
         .field = of(&Options::method),
         .summary = "Check for a run by this method",
         .manual = "The method that you will give to pgaf_upgrade_start(): how pg_upgrade brings the data files into "
                   "the new cluster.",
         .choices = kMethods},
        {.command = "check",
         .name = "standby-method",
         .value = "METHOD",
         .field = of(&Options::standby_method),
         .summary = "Check for standbys built by this method",
         .manual = "The standby_method that you will give to pgaf_upgrade_start(): how the standbys are rebuilt.",
         .choices = {"auto", "basebackup", "link"}},
        {.command = "check",
         .name = "only",
         .value = "NAMES",
         .field = of(&Options::only),
         .summary = "Run only these checks, separated by commas",
         .manual = "The names of the checks, separated by commas. `pgaf-upgrade check --list` shows them.",
         .takes = Takes::Check},
        {.command = "check",
         .name = "diff",
         .field = of(&Options::show_changes),
         .summary = "Show what changes in the configuration files",
         .manual = "Also shows, as a diff, each line of the configuration files that is changed when they are carried "
                   "over."},
        {.command = "check",
         .name = "list",
         .field = of(&Given::lists_checks),
         .summary = "List all checks, without looking at a node",
         .manual = "Shows each check: its severity, the nodes on which it is made, whether it can be waived, and what "
                   "it means. Needs neither a node nor a monitor.",
         .excludes = {"target", "method", "standby-method", "only", "diff"}},
        {.command = "check",
         .name = "json",
         .field = of(&Options::json),
         .summary = "Print the list of checks as JSON",
         .manual = "For programs. `schema_version` grows when a field goes or changes its meaning.",
         .needs = {"list"}},
        {.command = "rehearse",
         .name = "target",
         .value = "MAJOR",
         .field = of(&Options::target),
         .summary = "Rehearse an upgrade to this major version",
         .manual = "The major version that you will give to pgaf_upgrade_start().",
         .range = whole(1)},
        {.command = "rehearse",
         .name = "method",
         .value = "METHOD",
         .field = of(&Options::method),
         .summary = "Rehearse a run by this method",
         .manual = "The method that you will give to pgaf_upgrade_start(): how pg_upgrade brings the data files into "
                   "the new cluster.",
         .choices = kMethods},
        {.command = "rehearse",
         .name = "json",
         .field = of(&Options::json),
         .summary = "Print what was found and measured as JSON",
         .manual = "For programs. `schema_version` grows when a field goes or changes its meaning."},
        {.command = "plan",
         .name = "target",
         .value = "MAJOR",
         .field = of(&Options::target),
         .summary = "Plan an upgrade to this major version",
         .manual = "The major version that you will give to pgaf_upgrade_start().",
         .range = whole(1)},
        {.command = "plan",
         .name = "method",
         .value = "METHOD",
         .field = of(&Options::method),
         .summary = "Plan a run by this method",
         .manual = "The method that you will give to pgaf_upgrade_start().",
         .choices = kMethods},
        {.command = "plan",
         .name = "commands",
         .field = of(&Options::show_commands),
         .summary = "Print each step as commands for a root shell",
         .manual = "For an upgrade by hand: each step as commands for a root shell on this node."},
        {.command = "status",
         .name = "watch",
         .field = of(&Options::watch),
         .summary = "Show a live view until the run ends or Ctrl-C",
         .manual = "Live view until the run ends or Ctrl-C. Ctrl-C ends the view, not the run. Without a terminal, "
                   "prints one line per change.",
         .excludes = {"json", "prometheus", "output"}},
        {.command = "status",
         .name = "json",
         .field = of(&Options::json),
         .summary = "Print the run as JSON",
         .manual = "For programs: docs/status-schema.json describes it.",
         .excludes = {"prometheus"}},
        {.command = "status",
         .name = "prometheus",
         .field = of(&Options::prometheus),
         .summary = "Print metrics for node_exporter's textfile collector",
         .manual = "For monitoring: metrics for the textfile collector of node_exporter."},
        {.command = "status",
         .name = "run",
         .value = "NUMBER",
         .field = of(&Options::run),
         .summary = "Show this run",
         .manual = "The number of the run. `SELECT * FROM pgaf_upgrade_history()` on the monitor lists all runs.",
         .range = whole(1),
         .default_text = "the newest"},
        {.command = "status",
         .name = "output",
         .value = "FILE",
         .field = of(&Options::output),
         .summary = "Write to this file instead of standard output",
         .manual = "The file for `--json` or `--prometheus`. A reader sees either the old file or the new one, never "
                   "half of it. `-` is standard output.",
         .takes = Takes::File},
        {.command = "report",
         .name = "html",
         .value = "FILE",
         .field = of(&Options::output),
         .summary = "Write the page to this file, - for standard output",
         .manual = "A reader sees either the old file or the new one, never half of it. `-` is standard output.",
         .takes = Takes::File,
         .is_required = true},
        {.command = "report",
         .name = "run",
         .value = "NUMBER",
         .field = of(&Options::run),
         .summary = "Report on this run",
         .manual = "The number of the run. `SELECT * FROM pgaf_upgrade_history()` on the monitor lists all runs.",
         .range = whole(1),
         .default_text = "the newest"},
        {.command = "help",
         .name = "command",
         .value = "COMMAND",
         .field = of(&Given::help_for),
         .summary = "Show the options of this command",
         .manual = "The command to show; without it, all commands.",
         .takes = Takes::Command,
         .is_positional = true,
         .excludes = {"json"}},
        {.command = "help",
         .name = "json",
         .field = of(&Options::json),
         .summary = "Print all commands, options and exit codes as JSON",
         .manual = "For programs. `schema_version` grows when a field goes or changes its meaning."},
    };
}

std::vector<OptionRow> of_working() {
    return {
        {.command = "backup",
         .name = "to",
         .value = "DIR",
         .field = of(&Options::backup_to),
         .summary = "Write the backup below this directory",
         .manual = "The directory in which backups are made. Use one on another disk.",
         .takes = Takes::Directory,
         .default_text = "PGDATA_backups"},
        {.command = "run",
         .name = "once",
         .field = of(&Options::once),
         .summary = "Do what is due now, then exit",
         .manual = "For cron or the systemd timer: performs the steps that are due now, then exits."},
        {.command = "run",
         .name = "base-backup",
         .field = of(&Options::base_backup),
         .summary = "Build this standby with a base backup",
         .manual = "Builds this standby with a base backup, whatever the run's standby_method is."},
        {.command = "run",
         .name = "without-monitor",
         .field = of(&Options::without_monitor),
         .summary = "Finish this node's part without the monitor",
         .manual = "Only if the host of the monitor is lost for good: finishes this node's part of the run by its own "
                   "journal."},
        {.command = "rollback",
         .name = "reason",
         .value = "TEXT",
         .field = of(&Options::reason),
         .summary = "Record this reason in the history of the run",
         .manual = "The text is shown by `status`, `report` and pgaf_upgrade_history()."},
        {.command = "rollback",
         .name = "discard-new-data",
         .field = of(&Options::discard_new_data),
         .summary = "Discard what was written after the switch",
         .manual =
             "After the switch, with method clone or copy, the old cluster does not have what was written to the new "
             "one. With this option on the monitor's host, that is discarded. On other hosts it is only "
             "requested; the operator decides on the monitor."},
        {.command = "cleanup",
         .name = "dry-run",
         .field = of(&Options::dry_run),
         .summary = "Show what would be removed; change nothing",
         .manual = "Shows what would be removed, how much room that really frees, why it is safe, and why it is not "
                   "removed now. A file that has another name in the new cluster frees nothing."},
        {.command = "cleanup",
         .name = "older-than",
         .value = "DAYS",
         .field = of(&Options::older_than_days),
         .summary = "Remove only if the upgrade ended this long ago",
         .manual = "The least age of the new cluster in days. After the removal, the only way back is a backup.",
         .range = whole(0, 36500)},
        {.command = "cleanup",
         .name = "logs",
         .field = of(&Options::logs),
         .summary = "Remove the logs of the upgrade, too",
         .manual = "Also removes the logs in PGDATA_pgaf_upgrade. The journal stays. A log that a process still writes "
                   "to stays, too."},
        {.command = "cleanup",
         .name = "json",
         .field = of(&Options::json),
         .summary = "Print what would be removed as JSON",
         .manual = "For programs. `schema_version` grows when a field goes or changes its meaning.",
         .needs = {"dry-run"}},
        {.command = "migrate",
         .name = "from",
         .value = "CONNINFO",
         .field = of(&MigrateOptions::from),
         .summary = "Connect to the old cluster with this string",
         .manual = "A connection string of a superuser of the old cluster. Put the password into `~/.pgpass` of "
                   "PGDATA's owner.",
         .is_required = true},
        {.command = "migrate",
         .name = "jobs",
         .value = "NUMBER",
         .field = of(&MigrateOptions::jobs),
         .summary = "Dump or restore this many tables at the same time",
         .manual = "How many tables pg_dump and pg_restore process at the same time.",
         .range = whole(1, 64)},
        {.command = "migrate",
         .name = "dumps",
         .value = "DIR",
         .field = of(&MigrateOptions::dumps),
         .summary = "Keep the dumps in this directory",
         .manual = "The directory for the dumps. They are removed when the migration is finished.",
         .takes = Takes::Directory,
         .default_text = "PGDATA_migration"},
        {.command = "migrate",
         .name = "refuse-writes",
         .field = of(&MigrateOptions::refuse_writes),
         .summary = "Refuse writes on the old cluster during the copy",
         .manual = "The old cluster refuses writes from before the copy until `--give-back-writes`."},
        {.command = "migrate",
         .name = "give-back-writes",
         .field = of(&MigrateOptions::give_back_writes),
         .summary = "Let the old cluster accept writes again",
         .manual = "Ends what `--refuse-writes` began.",
         .excludes = {"refuse-writes", "restart"}},
        {.command = "migrate",
         .name = "restart",
         .field = of(&MigrateOptions::restart),
         .summary = "Drop what was filled, and fill it again",
         .manual = "Drops what an earlier migration has filled in the new cluster, and fills it again."},
    };
}

}  // namespace

const std::vector<OptionRow> &all_options() {
    static const std::vector<OptionRow> options = [] {
        auto all = settings();
        for (auto &&part : {of_looking(), of_working()}) {
            all.insert(all.end(), part.begin(), part.end());
        }
        return all;
    }();
    return options;
}

}  // namespace pgaf
