#include <algorithm>
#include <chrono>
#include <sstream>

#include <fmt/format.h>

#include "checks/check.hpp"
#include "checks/trial.hpp"
#include "cluster/extension_updates.hpp"
#include "run/sessions.hpp"

namespace pgaf {

namespace {

// pg_upgrade's files of columns: "In database: NAME", then a line "  schema.table.column" for each.
Findings columns_in(Subject &subject, std::string_view report) {
    Findings findings;
    for (const auto &[name, content] : subject.trial().dry_run().reports) {
        if (name != report) {
            continue;
        }
        std::istringstream lines(content);
        std::string database;
        const std::string_view key = "In database: ";
        for (std::string line; std::getline(lines, line);) {
            if (const auto at = line.find(key); at != std::string::npos) {
                database = line.substr(at + key.size());
            } else if (const auto first = line.find_first_not_of(' '); first != std::string::npos) {
                findings.push_back({fmt::format("column {} in database \"{}\"", line.substr(first), database)});
            }
        }
    }
    return findings;
}

constexpr std::string_view kRegReport = "tables_using_reg";
constexpr std::string_view kAclitemReport = "tables_using_aclitem";
constexpr std::string_view kCompositeReport = "tables_using_composite";

Findings reg_columns(Subject &subject) {
    return columns_in(subject, kRegReport);
}
Findings aclitem_columns(Subject &subject) {
    return columns_in(subject, kAclitemReport);
}
Findings system_row_columns(Subject &subject) {
    return columns_in(subject, kCompositeReport);
}

// Whatever else it refuses, in its own words.
Findings pg_upgrade_check(Subject &subject) {
    const auto &refusal = subject.trial().dry_run();
    if (refusal.message.empty()) {
        return {};
    }
    std::string details;
    for (const auto &[name, content] : refusal.reports) {
        if (name == kRegReport || name == kAclitemReport || name == kCompositeReport) {
            return {};  // told by its own check
        }
        std::string text = content;
        std::ranges::replace(text, '\n', ' ');
        details += fmt::format("; {}: {}", name, text);
    }
    return {{refusal.message + details}};
}

constexpr std::chrono::minutes kLimit{30};

// A pg_restore error is several lines: what it works on, and what the server says.
void add_errors(const std::string &output, const std::string &database, Findings &findings) {
    constexpr std::size_t kEnough = 20;
    std::istringstream lines(output);
    std::string object;
    const std::string_view entry = "from TOC entry ";  // then three numbers, and the object in words
    for (std::string line; std::getline(lines, line) && findings.size() < kEnough;) {
        if (const auto at = line.find(entry); at != std::string::npos) {
            const auto word = line.find_first_not_of("0123456789; ", at + entry.size());
            object = word == std::string::npos ? "" : line.substr(word);
        }
        if (const auto at = line.find("ERROR:  "); at != std::string::npos) {
            findings.push_back({fmt::format("{} in database \"{}\": {}", object.empty() ? "an object" : object,
                                            database, line.substr(at + 8))});
        }
    }
}

// What pg_upgrade does with the definitions, done to an empty cluster while the old one serves. All
// that it does with the data is to link or copy files.
Findings schema_restores(Subject &subject) {
    auto &cluster = subject.trial().stopped();
    subject.trial().timing().was_rehearsed = true;
    const auto server = subject.node.running_server();
    const auto names = subject.server().query(
        "SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND datconnlimit <> -2"
        " ORDER BY datname <> 'template1', datname");
    Findings findings;
    const auto started = std::chrono::steady_clock::now();

    auto options = subject.trial().private_files().options(Side::New, cluster.data_dir());
    options.insert(options.end(),
                   {"-b", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"});
    if (const auto error = cluster.start(options)) {
        throw NotExamined(fmt::format("the new server does not start: {}", *error));
    }
    const std::vector<std::string> from{"-h",
                                        server->first,
                                        "-p",
                                        std::to_string(server->second),
                                        "-U",
                                        cluster.superuser(),
                                        "--lock-wait-timeout=10s",
                                        "--quote-all-identifiers",
                                        "--binary-upgrade",
                                        "--no-tablespaces"};
    const std::vector<std::string> to{"-h", cluster.socket_directory(), "-p", "50432", "-U", cluster.superuser()};
    const std::vector<std::string> environment{"PGOPTIONS=" + private_session_options(subject.installation.source)};
    const auto perform = [&cluster, &environment](const std::string &program, std::vector<std::string> options,
                                                  const std::vector<std::string> &connection) {
        options.insert(options.end(), connection.begin(), connection.end());
        return cluster.run_program(program, std::move(options), kLimit, environment);
    };

    // one of its own statements, which a guard against UPDATE without WHERE refuses
    const auto changed = perform(
        "psql", {"-X", "-q", "-d", "template1", "-c", "UPDATE pg_catalog.pg_database SET datfrozenxid = datfrozenxid"},
        to);
    if (changed.exit_code != 0) {
        findings.push_back({fmt::format("pg_upgrade's own changes of the catalogs: {}", last_lines(changed.output, 2)),
                            "Leave the library out of shared_preload_libraries until the upgrade is over; or remove the"
                            " security labels, for which every preloaded library is kept."});
    }
    const auto roles = (cluster.folder() / "globals.sql").string();
    if (const auto dumped = perform("pg_dumpall", {"--globals-only", "--no-sync", "-f", roles}, from);
        dumped.exit_code != 0) {
        findings.push_back({fmt::format("roles cannot be dumped: {}", last_lines(dumped.output, 2))});
        return findings;
    }
    const auto made = perform("psql", {"-X", "-q", "-d", "template1", "-v", "ON_ERROR_STOP=1", "-f", roles}, to);
    if (made.exit_code != 0) {
        findings.push_back({fmt::format("roles and their settings: {}", last_lines(made.output, 2))});
    }
    for (int row = 0; row < names.size(); ++row) {
        const auto name = names.text(row, "datname");
        const auto file = (cluster.folder() / "schema.dump").string();
        const auto dumped = perform(
            "pg_dump",
            {"--schema-only", "--format=custom", "--no-sync", "-f", file, "-d", "dbname=" + quote_conninfo(name)},
            from);
        if (dumped.exit_code != 0) {
            findings.push_back(
                {fmt::format("database \"{}\" cannot be dumped: {}", name, last_lines(dumped.output, 2))});
            continue;
        }
        std::vector<std::string> options{"--create", "--no-tablespaces", "-d", "template1", file};
        if (name == "template1" || name == "postgres") {
            options[2 + 1] = name == "template1" ? "postgres" : "template1";
            options.insert(options.begin(), "--clean");
        }
        const auto restored = perform("pg_restore", std::move(options), to);
        if (restored.exit_code != 0) {
            const auto known = findings.size();
            add_errors(restored.output, name, findings);
            if (findings.size() == known) {
                findings.push_back({fmt::format("database \"{}\": {}", name, last_lines(restored.output, 2))});
            }
        }
    }
    cluster.stop();
    if (findings.empty()) {
        subject.trial().timing().rehearsal_s =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    }
    return findings;
}

// But for pg_auto_failover's own on the monitor, which the step `start` brings up to date.
constexpr const char *kExtensions =
    "SELECT FROM pg_catalog.pg_extension WHERE extname NOT IN ('plpgsql', 'pgautofailover')";

void try_updates(Connection server, const std::string &database, Findings &findings) {
    leave_out_event_triggers(server);
    for (const auto &update : extension_updates(server)) {
        if (update.name == "pgautofailover") {
            continue;
        }
        try {
            server.query(update.statement);
        } catch (const PgError &error) {
            const auto dependents = dependents_of(server, update.name);
            findings.push_back(
                {fmt::format("extension {} in database \"{}\", from {} to {}: {}{}", update.name, database, update.from,
                             update.to, error.what(), dependents.empty() ? "" : "; what depends on it: " + dependents),
                 fmt::format("After the upgrade, in database \"{}\": drop what depends on it; {}; make it again.",
                             database, update.statement)});
        }
    }
}

// What the step update_extensions will do, done to the definitions that schema_restores has restored.
Findings updates_of_extensions(Subject &subject) {
    std::vector<std::string> databases;
    subject.each_database(kExtensions, [&databases](const std::string &database, const Rows &rows) {
        if (rows.size() > 0) {
            databases.push_back(database);
        }
    });
    if (databases.empty()) {
        return {};
    }
    auto &trial = subject.trial();
    if (!trial.timing().was_rehearsed) {
        static_cast<void>(schema_restores(subject));
    }
    if (!trial.timing().rehearsal_s) {
        throw NotExamined("not every definition could be restored");
    }
    auto &cluster = trial.stopped();
    auto settings = trial.private_files().options(Side::New, cluster.data_dir());
    settings.insert(settings.end(), {"-c", "autovacuum=off", "-c", "synchronous_commit=off"});
    if (const auto error = cluster.start(settings)) {
        throw NotExamined(fmt::format("the new server does not start: {}", *error));
    }
    Findings findings;
    for (const auto &database : databases) {
        try_updates(cluster.connect(database), database, findings);
    }
    cluster.stop();
    return findings;
}

}  // namespace

std::vector<Check> rehearsal_checks() {
    return {{"reg_columns", Severity::Error, Where::Upgraded,
             "it holds object numbers (regproc and the like), which are others in the new cluster",
             "ALTER TABLE … ALTER COLUMN … TYPE text, and back afterwards; or drop it.", reg_columns},
            {"aclitem_columns", Severity::Error, Where::Upgraded, "type aclitem is stored otherwise from 16 on",
             "ALTER TABLE … ALTER COLUMN … TYPE text, and back afterwards; or drop it.", aclitem_columns},
            {"system_row_columns", Severity::Error, Where::Upgraded,
             "it holds rows of a system table, whose columns are others in the new cluster",
             "ALTER TABLE … ALTER COLUMN … TYPE text, or drop it.", system_row_columns},
            {"pg_upgrade_check", Severity::Error, Where::Upgraded, "pg_upgrade --check refuses this cluster",
             "Mend what it names.", pg_upgrade_check},
            {"schema_restores", Severity::Error, Where::Upgraded,
             "the definition cannot be restored in the target, and pg_upgrade would stop at it inside the switch",
             "Drop it or write it so that both majors take it.", schema_restores},
            {"extension_updates", Severity::Warning, Where::Upgraded,
             "the extension stays at its old version after the upgrade, and the run ends with a warning",
             "See what the error names.", updates_of_extensions}};
}

}  // namespace pgaf
