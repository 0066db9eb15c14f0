#include "commands/command_table.hpp"

#include <algorithm>

#include "commands/check_list.hpp"
#include "commands/commands.hpp"
#include "commands/help.hpp"
#include "commands/migrate.hpp"

namespace pgaf {

namespace {

template <ExitCode (*Command)(const Options &)>
ExitCode of_options(const Options &options, const Given & /*given*/) {
    return Command(options);
}

ExitCode check_or_list(const Options &options, const Given &given) {
    return given.lists_checks ? command_check_list(options.json) : command_check(options);
}

ExitCode migrate_as_given(const Options &options, const Given &given) {
    return command_migrate(options, given.migrate);
}

ExitCode help_as_given(const Options &options, const Given &given) {
    return command_help(given.help_for, options.json);
}

}  // namespace

const std::vector<CommandRow> &all_commands() {
    static const std::vector<CommandRow> commands{
        {"check", "Find what would stop an upgrade; change nothing",
         "Finds what would stop or spoil an upgrade of this node. Changes nothing that serves.", check_or_list},
        {"rehearse", "Run the real pg_upgrade on a copy of the catalogs",
         "Runs the real pg_upgrade on a copy of this cluster that has its catalogs and an empty file for each table "
         "and "
         "index, while the cluster serves; starts the new server with the carried configuration, updates its "
         "extensions and analyzes its tables; then removes the copy. Works at a low priority, on a standby too. Shows "
         "how long writes will be refused in the upgrade.",
         of_options<command_rehearse>},
        {"backup", "Take, verify and record a base backup of this node",
         "Takes a base backup of this node, verifies it with pg_verifybackup, and records it on the monitor.",
         of_options<command_backup>},
        {"plan", "Show the steps of this node in order; change nothing",
         "Shows the steps of this node in order. Changes nothing.", of_options<command_plan>},
        {"run", "Perform the steps of this node as they become due",
         "Performs the steps of this node as they become due, and ends with the run.", of_options<command_run>},
        {"rollback", "Return to the old cluster, if that is still possible",
         "Lets all nodes return to the old cluster, if that is still possible.", of_options<command_rollback>},
        {"cleanup", "Remove the old cluster of this node, days after the upgrade",
         "Removes what a finished run has left of the old cluster on this node: its data directory, its part of the "
         "tablespaces, what the run set aside. Refused until the new cluster is settled, some days old and has a "
         "verified backup. `run` never does this.",
         of_options<command_cleanup>},
        {"status", "Show the run on all nodes",
         "Shows the run on all nodes. It can be called on any of them, as PGDATA's owner too.",
         of_options<command_status>},
        {"report", "Write a report of a run as one HTML page",
         "Writes a run as one HTML page: what happened and when, as a picture and in tables.",
         of_options<command_report>},
        {"migrate", "Fill this new cluster from an old one by dump and restore",
         "Fills a new cluster from an old one by dump and restore, and compares every table and sequence. Run it on "
         "the primary of the new cluster. The old cluster stays as it is.",
         migrate_as_given},
        {"version", "Show the version", "Shows the version.", of_options<command_version>, false},
        {"help", "Show the options of a command", "Shows the commands, or the options of one command.", help_as_given,
         false},
    };
    return commands;
}

const CommandRow *command_named(const std::string &name) {
    const auto &all = all_commands();
    const auto found = std::ranges::find(all, name, &CommandRow::name);
    return found == all.end() ? nullptr : &*found;
}

std::vector<std::string> names_of_commands() {
    std::vector<std::string> names;
    std::ranges::transform(all_commands(), std::back_inserter(names), &CommandRow::name);
    return names;
}

}  // namespace pgaf
