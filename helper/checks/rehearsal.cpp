#include <algorithm>
#include <chrono>
#include <filesystem>
#include <sstream>

#include <fmt/format.h>

#include "checks/check.hpp"
#include "checks/trial.hpp"
#include "cluster/extension_updates.hpp"
#include "run/sessions.hpp"
#include "system/files.hpp"

namespace fs = std::filesystem;

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

std::string database_of(Subject &subject, const std::string &oid) {
    const auto rows = subject.server().query("SELECT datname FROM pg_catalog.pg_database WHERE oid = $1::oid", {oid});
    return rows.size() == 0 ? oid : rows.text(0, "datname");
}

// pg_upgrade ends a database at its first error: the rest is found by the same file once more, which stops at none.
void add_all_errors(Subject &subject, const fs::path &dump, const std::string &database, Findings &findings) {
    auto &cluster = subject.trial().stopped();
    auto options = subject.trial().private_files().options(Side::New, cluster.data_dir());
    options.insert(options.end(), {"-b", "-c", "fsync=off", "-c", "full_page_writes=off"});
    if (cluster.start(options)) {
        return;
    }
    const bool is_kept = database == "template1" || database == "postgres";
    if (!is_kept) {
        static_cast<void>(with_errors_logged("the part that was restored stays", [&] {
            auto server = cluster.connect();
            server.query(server.single("SELECT pg_catalog.format('DROP DATABASE IF EXISTS %I', $1)", {database}));
        }));
    }
    std::vector<std::string> arguments{"-h",        cluster.socket_directory(),
                                       "-p",        std::to_string(TrialCluster::kPort),
                                       "-U",        cluster.superuser(),
                                       "-d",        database == "template1" ? "postgres" : "template1",
                                       "--verbose", "--create"};
    if (is_kept) {
        arguments.emplace_back("--clean");
    }
    arguments.push_back(dump.string());
    const auto restored = cluster.run_program("pg_restore", std::move(arguments), kLimit,
                                              {"PGOPTIONS=" + private_session_options(subject.installation.source)});
    cluster.stop();
    add_errors(restored.output, database, findings);
}

// pg_upgrade leaves a dump for each database, by its number, and has ended at the first that it could not restore.
Findings errors_of_databases(Subject &subject) {
    constexpr std::string_view kStem = "pg_upgrade_dump_";
    std::vector<fs::path> dumps;
    std::error_code ignored;
    for (fs::recursive_directory_iterator it(subject.trial().stopped().data_dir() / "pg_upgrade_output.d", ignored),
         end;
         !ignored && it != end; it.increment(ignored)) {
        const auto name = it->path().filename().string();
        if (name.starts_with(kStem) && name.ends_with(".custom")) {
            dumps.push_back(it->path());
        }
    }
    std::ranges::sort(dumps);
    Findings findings;
    for (const auto &dump : dumps) {
        add_all_errors(subject, dump, database_of(subject, dump.stem().string().substr(kStem.size())), findings);
    }
    return findings;
}

// pg_upgrade changes rows of the catalogs by statements of its own, which a library of the cluster's can refuse.
bool is_of_a_library(const std::string &refusal) {
    return refusal.find("UPDATE pg_catalog.") != std::string::npos;
}

// The real pg_upgrade, of a copy of the catalogs.
Findings schema_restores(Subject &subject) {
    if (subject.trial().is_refused()) {
        throw NotExamined("pg_upgrade --check refuses this cluster");
    }
    const auto &rehearsed = subject.trial().rehearsed();
    if (rehearsed.refusal.empty()) {
        return {};
    }
    if (auto findings = errors_of_databases(subject); !findings.empty()) {
        return findings;
    }
    if (is_of_a_library(rehearsed.refusal)) {
        return {{fmt::format("pg_upgrade's own changes of the catalogs: {}", rehearsed.refusal),
                 "Leave the library out of shared_preload_libraries until the upgrade is over; or remove the security "
                 "labels, for which every preloaded library is kept."}};
    }
    return {{fmt::format("pg_upgrade: {}", rehearsed.refusal)}};
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

// What the step update_extensions will do, done to the cluster that pg_upgrade has made.
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
    if (trial.is_refused() || !trial.rehearsed().refusal.empty()) {
        throw NotExamined("pg_upgrade does not come to its end");
    }
    Findings findings;
    for (const auto &database : databases) {
        try_updates(trial.connect(database), database, findings);
    }
    return findings;
}

}  // namespace

const std::vector<std::string> &rehearsed_checks() {
    static const std::vector<std::string> names{"schema_restores", "extension_updates"};
    return names;
}

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
