#include <chrono>
#include <cstdio>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "commands/migrate.hpp"
#include "migrate/migration.hpp"
#include "migrate/writes.hpp"
#include "postgres/controldata.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"
#include "system/leftovers.hpp"
#include "system/lock.hpp"
#include "system/log.hpp"
#include "system/process.hpp"
#include "view/text.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

using migrate::Database;
using migrate::Migration;
using migrate::Stage;
using migrate::State;

constexpr std::size_t kStepWidth = 30;
constexpr std::size_t kDifferencesShown = 20;  // of the differences of one database

// One line a step, with its time; what a test wants to die there, dies before or after it.
template <typename Work>
void step(const std::string &name, const std::string &about, const Work &work) {
    if (stop_was_asked()) {
        throw HelperError(ExitCode::StepFailed, "stopped by the operator", "Run pgaf-upgrade migrate again.");
    }
    fault_point(name, "before");
    const auto begin = std::chrono::steady_clock::now();
    const std::string said = work();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    fmt::print("{} {:>8}{}{}\n", left(fmt::format("{}{}{}", name, about.empty() ? "" : " ", about), kStepWidth),
               duration(took.count()), said.empty() ? "" : "  ", said);
    std::fflush(stdout);
    fault_point(name, "after");
}

void require_begun_alike(const MigrateOptions &options, const State &state) {
    if (!state.exists() || options.restart) {
        return;
    }
    const auto &begun = state.get();
    if (begun.given_back && begun.finished_at.empty()) {
        throw HelperError(ExitCode::Refused, "the old cluster takes writes again, which the copy does not have",
                          "Fill the new cluster again: pgaf-upgrade migrate --restart.");
    }
    if (begun.refuse_writes != options.refuse_writes) {
        throw HelperError(
            ExitCode::Refused,
            fmt::format("this migration was begun with{} --refuse-writes", begun.refuse_writes ? "" : "out"),
            fmt::format("Go on with{} it, or fill the new cluster again: pgaf-upgrade migrate --restart.",
                        begun.refuse_writes ? "" : "out"));
    }
}

// By the disk and the new server, whatever the state says: a database that was dropped is filled again.
Stage stage_of(const Migration &migration, const Database &database) {
    const auto stage = migration.state.of(database.name);
    auto server = migration.new_server.connect("postgres");
    const bool is_there = migrate::exists_in(server, database.name);
    switch (stage) {
        case Stage::Same:
            return is_there ? stage : Stage::None;
        case Stage::Restored:
            return is_there && fs::exists(migration.dump_of(database)) ? stage : Stage::None;
        case Stage::Restoring:
            break;
        case Stage::None:
            if (is_there && !migration.is_in_place(database)) {
                throw HelperError(
                    ExitCode::Refused,
                    fmt::format("database \"{}\" of the new cluster is none of this migration's", database.name),
                    "Drop it, and run pgaf-upgrade migrate again.");
            }
    }
    return stage;
}

void copy(const Migration &migration, const Database &database) {
    auto stage = stage_of(migration, database);
    if (stage == Stage::Restored || stage == Stage::Same) {
        return;
    }
    if (!migration.has_dump(database)) {
        step("dump", database.name, [&] {
            migrate::dump(migration, database);
            return fmt::format("of {} MB", database.bytes / (1U << 20U) + 1);
        });
    }
    step("restore", database.name, [&] {
        migrate::restore(migration, database);
        migration.state.change([&](State::Content &content) { content.databases[database.name] = Stage::Restored; });
        migrate::drop_dump(migration, database);
        return std::string();
    });
}

// All databases, before the first difference ends it.
void compare(const Migration &migration, const std::vector<Database> &databases) {
    std::size_t count = 0;
    for (const auto &database : databases) {
        if (migration.state.of(database.name) == Stage::Same) {
            continue;
        }
        std::vector<std::string> found;
        step("compare", database.name, [&] {
            const auto compared = migrate::compare(migration, database);
            found = compared.differences;
            return fmt::format("{} tables, {} rows, {} sequences{}", compared.tables, compared.rows, compared.sequences,
                               found.empty() ? ": the same" : "");
        });
        for (std::size_t at = 0; at < std::min(found.size(), kDifferencesShown); ++at) {
            fmt::print("    differs: {}\n", found[at]);
        }
        if (found.size() > kDifferencesShown) {
            fmt::print("    and {} more\n", found.size() - kDifferencesShown);
        }
        count += found.size();
        if (found.empty()) {
            migration.state.change([&](State::Content &content) { content.databases[database.name] = Stage::Same; });
            fs::remove_all(migration.dump_of(database));
        }
    }
    if (count > 0) {
        throw HelperError(ExitCode::CheckFailed,
                          fmt::format("{} difference{} between the clusters", count, count == 1 ? "" : "s"),
                          "Find out who writes to either cluster. Then pgaf-upgrade migrate compares them again, and "
                          "with --restart fills the new one again.");
    }
}

// What was there when the migration was begun; a database that is made meanwhile is copied as well.
void fill(const Migration &migration) {
    const auto &state = migration.state;
    if (!state.get().globals) {
        step("globals", "", [&] {
            migrate::apply_globals(migration);
            migration.state.change([](State::Content &content) { content.globals = true; });
            return std::string("roles and tablespaces");
        });
    }
    auto old_server = migration.old_server.connect(migration.old_server.first_database());
    const auto databases = migrate::databases_of(old_server);
    for (const auto &database : databases) {
        copy(migration, database);
    }
    compare(migration, databases);
    if (!state.get().statistics) {
        step("statistics", "", [&] {
            migrate::gather_statistics(migration);
            migration.state.change([](State::Content &content) { content.statistics = true; });
            return std::string("vacuumdb --analyze-only");
        });
    }
    fs::remove_all(migration.folder);
    const auto now = fmt::format("{:%F %T%z}", fmt::localtime(std::time(nullptr)));
    migration.state.change([&](State::Content &content) { content.finished_at = now; });
}

void print_what_is_next(const State &state, const std::string &old_address) {
    fmt::print("\nthe new cluster has what the old one had, since {}\n", state.get().finished_at);
    if (state.get().given_back) {
        fmt::print("the old cluster has taken writes again since then\n");
    } else if (state.get().refuse_writes) {
        fmt::print(
            "writes are refused on {}: let the applications go to the new cluster; or back,\n"
            "by pgaf-upgrade migrate --give-back-writes\n",
            old_address);
    } else {
        fmt::print(
            "{} goes on; what is written there since each dump is not in the new cluster:\n"
            "for the move itself, pgaf-upgrade migrate --restart --refuse-writes\n",
            old_address);
    }
}

// For this the new cluster need not be as it was, nor be there at all.
ExitCode give_back(const Migration &migration) {
    auto old_server = migration.old_server.connect(migration.old_server.first_database());
    const auto identifier = migrate::system_identifier_of(old_server);
    if (!migration.state.exists() || migration.state.get().old_identifier != identifier) {
        throw HelperError(ExitCode::Refused, "no migration from this old cluster was begun here",
                          "Where writes are refused by another: ALTER DATABASE … RESET default_transaction_read_only.");
    }
    step("give_back", "", [&] {
        migrate::give_back_writes(migration.old_server, migration.state);
        return std::string("the old cluster takes writes again");
    });
    return ExitCode::Done;
}

ExitCode migrate_to(const Migration &migration) {
    const auto &options = migration.options;
    auto &state = migration.state;
    if (options.give_back_writes) {
        return give_back(migration);
    }
    fmt::print("from {} to {}\n\n", migration.old_server.address(), migration.node.pgdata.string());
    step("examine", "", [&] {
        auto old_server = migration.old_server.connect(migration.old_server.first_database());
        const auto databases = migrate::databases_of(old_server);
        migrate::examine(migration, databases);
        return fmt::format("{} databases", databases.size());
    });
    migrate::end_left_sessions(migration.old_server);
    migrate::end_left_sessions(migration.new_server);
    require_begun_alike(options, state);
    if (options.restart) {
        step("restart", "", [&] {
            migrate::drop_what_was_made(migration);
            return std::string("what was filled is dropped");
        });
    }
    if (state.get().finished_at.empty()) {
        if (state.get().refuse_writes) {
            step("refuse_writes", "", [&] {
                migrate::refuse_writes(migration.old_server, state);
                return std::string("on the old cluster, from here on");
            });
        }
        make_directory(migration.folder);
        fill(migration);
    }
    print_what_is_next(state, migration.old_server.address());
    return ExitCode::Done;
}

}  // namespace

ExitCode command_migrate(const Options &options, const MigrateOptions &migrate_options) {
    const Node node(options);
    if (node.config.is_monitor) {
        throw HelperError(ExitCode::Refused, fmt::format("\"{}\" is a monitor", node.pgdata.string()),
                          "Run pgaf-upgrade migrate on the primary of the new cluster.");
    }
    migrate::Server old_server(migrate::parts_of_option(migrate_options.from));
    const auto new_server = migrate::Server::of(node);
    try {
        old_server.settle();
    } catch (const PgError &error) {
        throw HelperError(ExitCode::NoMonitor, fmt::format("could not connect to the old cluster: {}", error.what()),
                          fmt::format("Let superuser and host of --from in by its pg_hba.conf, and name the password "
                                      "in ~{}/.pgpass.",
                                      node.owner.name));
    }
    make_directory(node.work_dir());
    const Lock lock(node.work_dir() / "migrate.lock");
    if (!lock.taken()) {
        throw HelperError(ExitCode::Refused, "another pgaf-upgrade migrate runs for this node", "Let it go on.");
    }
    hold_signals();
    set_fault_folder(node.work_dir());
    mark_children_of(node.work_dir() / "migrate");  // not those of pgaf-upgrade run
    log_into(node.log("migrate"));
    end_leftovers();
    State state(node.work_dir() / "migration.json");
    return migrate_to({.node = node,
                       .options = migrate_options,
                       .old_server = old_server,
                       .new_server = new_server,
                       .state = state,
                       .folder = migrate_options.dumps.empty()
                                     ? node.beside("_migration")
                                     : fs::weakly_canonical(migrate_options.dumps) / "pgaf_migration"});
}

}  // namespace pgaf
