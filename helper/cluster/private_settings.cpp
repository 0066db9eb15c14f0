#include "cluster/private_settings.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "configuration/conf_edit.hpp"
#include "configuration/conf_includes.hpp"
#include "postgres/connection.hpp"
#include "run/sessions.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

// The first line's standbys compare with their own, and pause when theirs are lower: the WAL and the pg_control that
// these servers write reach a standby. What is in the second keeps WAL, slots and timestamps that the old cluster needs
// if it serves again. By the third the programs find files and memory. A library's own are kept as well.
constexpr const char *kKept =
    "SELECT pg_catalog.lower(name) AS name, pg_catalog.current_setting(name) AS value FROM pg_catalog.pg_settings "
    "WHERE name IN"
    " ('max_connections', 'max_wal_senders', 'max_prepared_transactions', 'max_locks_per_transaction', 'wal_level',"
    "  'max_replication_slots', 'max_active_replication_origins', 'track_commit_timestamp', 'wal_log_hints',"
    "  'wal_keep_size', 'max_slot_wal_keep_size', 'min_wal_size', 'max_wal_size', 'archive_mode', 'full_page_writes',"
    "  'dynamic_library_path', 'extension_control_path', 'extension_destdir', 'dynamic_shared_memory_type',"
    "  'shared_memory_type', 'wal_sync_method', 'data_sync_retry', 'TimeZone')"
    "  OR name LIKE '%.%' AND source = 'configuration file' ORDER BY 1";

constexpr const char *kUsed =
    "SELECT extname AS name FROM pg_catalog.pg_extension UNION"
    " SELECT pg_catalog.regexp_replace(probin, '^.*/|[.]so$', '', 'g') FROM pg_catalog.pg_proc"
    "  WHERE oid >= 16384 AND probin IS NOT NULL";

constexpr const char *kCounted =
    "SELECT (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class WHERE oid >= 16384) AS relations,"
    "       EXISTS (SELECT FROM pg_catalog.pg_seclabel) OR EXISTS (SELECT FROM pg_catalog.pg_shseclabel) AS has_labels";

// As PostgreSQL reads a list of libraries: by commas, a name perhaps in double quotes.
std::vector<std::string> listed(const std::string &text) {
    std::vector<std::string> names(1);
    bool quoted = false;
    for (const char character : text) {
        if (character == '"') {
            quoted = !quoted;
        } else if (character == ',' && !quoted) {
            names.emplace_back();
        } else if (character != ' ' || quoted) {
            names.back() += character;
        }
    }
    std::erase(names, "");
    return names;
}

std::string name_of(const std::string &library) {
    const fs::path path(library);
    return path.extension() == ".so" ? path.stem().string() : path.filename().string();
}

std::int64_t number(const Settings &settings, const std::string &name, std::int64_t otherwise) {
    const auto found = settings.find(name);
    return found == settings.end() ? otherwise : std::stoll(found->second);
}

// A table of locks has room for max_locks_per_transaction of each process that there may be. pg_dump locks every table
// of a database, some of them at a time. Of the parameters that count processes, standbys do not compare this one.
constexpr std::int64_t kSomeLocks = 20000;
constexpr std::int64_t kMostWorkers = 100000;

std::int64_t workers_for_locks(const PrivateNeeds &needs) {
    const auto per_process = std::max<std::int64_t>(1, number(needs.kept, "max_locks_per_transaction", 64));
    return std::clamp<std::int64_t>((2 * needs.relations + kSomeLocks) / per_process, 3, kMostWorkers);
}

constexpr std::int64_t kEnoughBuffers = 131072;  // in kB: more make pg_upgrade no faster

// As deep as the running server's, for views that are as deep; but it may have been given more than we have.
std::int64_t stack_depth(std::int64_t running_kb) {
    constexpr std::int64_t kReserve = 512;  // as PostgreSQL keeps
    rlimit limit{};
    if (::getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        return running_kb;
    }
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(limit.rlim_cur / 1024) - kReserve, 100, running_kb);
}

}  // namespace

PrivateNeeds private_needs(const Node &node) {
    PrivateNeeds needs;
    auto server = node.connect_locally();
    const auto kept = server.query(kKept);
    for (int row = 0; row < kept.size(); ++row) {
        needs.kept[kept.text(row, "name")] = kept.text(row, "value");
    }
    needs.libraries = listed(server.single("SELECT pg_catalog.current_setting('shared_preload_libraries')"));
    needs.shared_buffer_kb = std::stoll(
        server.single("SELECT pg_catalog.pg_size_bytes(pg_catalog.current_setting('shared_buffers')) / 1024"));
    const auto depth = server.single("SELECT setting FROM pg_catalog.pg_settings WHERE name = 'max_stack_depth'");
    needs.kept["max_stack_depth"] = fmt::format("{}kB", stack_depth(std::stoll(depth)));
    std::set<std::string> used;
    for (const auto &name : databases_of(server)) {
        auto database = node.connect_locally(name);
        const auto names = database.query(kUsed);
        for (int row = 0; row < names.size(); ++row) {
            used.insert(names.text(row, "name"));
        }
        const auto counted = database.query(kCounted);
        needs.relations += std::stoll(counted.text(0, "relations"));
        needs.has_labels = needs.has_labels || counted.text(0, "has_labels") == "t";
    }
    needs.used.assign(used.begin(), used.end());
    return needs;
}

std::vector<std::string> needed_libraries(const PrivateNeeds &needs) {
    if (needs.has_labels) {
        return needs.libraries;  // which of them provides labels cannot be told from outside
    }
    auto libraries = needs.libraries;
    std::erase_if(libraries, [&needs](const std::string &library) {
        const auto name = name_of(library);
        // timescaledb is preloaded, and its functions are in timescaledb-2.14.2
        return std::ranges::none_of(
            needs.used, [&name](const std::string &used) { return used == name || used.starts_with(name + "-"); });
    });
    return libraries;
}

Settings private_settings(const PrivateNeeds &needs, Side side, int major, const fs::path &folder) {
    Settings settings = needs.kept;
    if (settings["extension_destdir"].empty() || major >= 18) {
        settings.erase("extension_destdir");  // of Debian's packages, up to 17
    }
    const auto buffers =
        needs.shared_buffer_kb == 0 ? kEnoughBuffers : std::min(needs.shared_buffer_kb, kEnoughBuffers);
    settings["shared_buffers"] = fmt::format("{}kB", buffers);
    settings["shared_preload_libraries"] = fmt::format("{}", fmt::join(needed_libraries(needs), ","));
    const std::string workers_for_maintenance = major >= 18 ? "autovacuum_worker_slots" : "autovacuum_max_workers";
    settings[workers_for_maintenance] = std::to_string(workers_for_locks(needs));
    for (const auto &[name, value] :
         Settings{{"hba_file", (folder / "pg_hba.conf").string()},
                  {"ident_file", (folder / "pg_ident.conf").string()},
                  // nobody else's files, addresses, logs, keys or memory
                  {"external_pid_file", ""},
                  {"listen_addresses", ""},
                  {"unix_socket_group", ""},
                  {"bonjour", "off"},
                  {"ssl", "off"},
                  {"logging_collector", "off"},
                  {"log_destination", "stderr"},
                  {"lc_messages", "C"},
                  {"huge_pages", "off"},
                  // the workers of preloaded libraries would keep connections to the databases, and write to them
                  {"max_worker_processes", "0"},
                  {"autovacuum", "off"},
                  {"session_preload_libraries", ""},
                  {"local_preload_libraries", ""},
                  // as many of the connections as there are
                  {"superuser_reserved_connections", "0"},
                  {"max_pred_locks_per_transaction", "10"},
                  {"authentication_timeout", "60s"},
                  {"statement_timeout", "0"},
                  {"lock_timeout", "0"},
                  {"idle_in_transaction_session_timeout", "0"},
                  {"idle_session_timeout", "0"},
                  {"temp_file_limit", "-1"},
                  {"synchronous_standby_names", ""},
                  {"default_transaction_read_only", "off"},
                  {"default_tablespace", ""},
                  {"temp_tablespaces", ""},
                  {"default_table_access_method", "heap"},
                  // The queries of pg_upgrade and pg_dump on a large catalog look costly enough to be compiled, which
                  // takes longer than they do. pg_stat_statements would keep the statements of the restoration, and
                  // forget them again one by one.
                  {"jit", "off"},
                  {"pg_stat_statements.track", "none"},
                  // .ready files stay for the server that serves again; what the new one writes belongs in no archive
                  {"archive_command", ""},
                  {"archive_library", ""}}) {
        settings[name] = value;
    }
    if (major >= 16) {
        settings["reserved_connections"] = "0";
    }
    if (major >= 17) {
        settings["transaction_timeout"] = "0";
        settings["event_triggers"] = "off";
    }
    if (side == Side::New) {
        settings["archive_mode"] = "off";
        settings["max_slot_wal_keep_size"] = "-1";  // 17.0 to 17.5 take nothing else
    }
    return settings;
}

Settings trial_settings(const fs::path &data_dir) {
    // Where a file of the configuration says where other files are, those of this directory are meant.
    return {{"data_directory", data_dir.string()},
            {"hba_file", (data_dir / "pg_hba.conf").string()},
            {"external_pid_file", ""},
            {"listen_addresses", ""},
            {"unix_socket_group", ""},
            {"bonjour", "off"},
            {"logging_collector", "off"},
            {"log_destination", "stderr"},
            {"archive_mode", "off"},
            {"shared_buffers", "16MB"},
            {"huge_pages", "off"},
            {"fsync", "off"},
            {"synchronous_standby_names", ""},
            {"max_worker_processes", "0"}};
}

Settings private_standby_settings(const fs::path &folder) {
    return {{"hba_file", (folder / "pg_hba.conf").string()},
            {"ident_file", (folder / "pg_ident.conf").string()},
            {"external_pid_file", ""},
            {"listen_addresses", ""},
            {"unix_socket_group", ""},
            {"archive_command", ""},
            {"archive_library", ""}};
}

std::string private_session_options(int oldest_major) {
    std::string options =
        "-c role=none -c session_replication_role=origin -c row_security=on -c default_transaction_read_only=off"
        " -c default_transaction_deferrable=off -c default_transaction_isolation=read\\ committed"
        " -c search_path=pg_catalog,pg_temp -c session_preload_libraries= -c local_preload_libraries="
        " -c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0"
        " -c temp_file_limit=-1 -c default_tablespace= -c temp_tablespaces= -c default_table_access_method=heap"
        " -c transform_null_equals=off -c exit_on_error=off -c jit=off";
    if (oldest_major >= 17) {
        options += " -c transaction_timeout=0 -c event_triggers=off";
    }
    return options;
}

std::string private_access_rules() {
    return "local all all trust\n";
}

std::string configuration_text(const Settings &settings) {
    std::string text;
    for (const auto &[name, value] : settings) {
        text += fmt::format("{} = {}\n", name, quoted_setting(value));
    }
    return text;
}

Settings overridden_by(const std::string &auto_conf, const Settings &settings) {
    Settings overridden;
    for (const auto &[name, value] : settings_of(auto_conf)) {
        if (const auto ours = settings.find(name); ours != settings.end() && ours->second != value) {
            overridden.insert(*ours);
        }
    }
    return overridden;
}

}  // namespace pgaf
