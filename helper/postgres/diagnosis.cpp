#include "postgres/diagnosis.hpp"

#include <fstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include "system/files.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

// A lock has a holder; who waits for every process to take notice of something, as DROP DATABASE does, waits
// for one of the others.
constexpr const char *kWaits =
    "WITH session AS"
    " (SELECT pid, pg_catalog.format('process %s (%s)', pid, pg_catalog.concat_ws(', ', "
    "         nullif(application_name, ''), nullif(backend_type, 'client backend'), datname)) AS name,"
    "         backend_type, state, wait_event_type, wait_event, query_start, left(query, 60) AS query"
    "    FROM pg_catalog.pg_stat_activity WHERE pid <> pg_catalog.pg_backend_pid() AND"
    "         backend_type NOT IN ('checkpointer', 'background writer', 'walwriter', 'autovacuum launcher',"
    "                              'logical replication launcher', 'startup', 'archiver'))"
    " SELECT pg_catalog.format('%s has waited %s s for %s in %L, %s', w.name,"
    "        pg_catalog.round(extract(epoch FROM pg_catalog.clock_timestamp() - w.query_start)),"
    "        w.wait_event_type || ' ' || w.wait_event, w.query,"
    "        coalesce('held by ' || (SELECT pg_catalog.string_agg(h.name, ', ') FROM session h"
    "                                 WHERE h.pid = ANY (pg_catalog.pg_blocking_pids(w.pid))),"
    "                 'while there are ' || (SELECT pg_catalog.string_agg(o.name, ', ') FROM session o"
    "                                         WHERE o.pid <> w.pid),"
    "                 'and nobody else is there'))"
    "   FROM session w WHERE w.state = 'active' AND w.wait_event_type IN ('Lock', 'IPC', 'Timeout')"
    "    AND w.query_start < pg_catalog.clock_timestamp() - interval '3 s' ORDER BY w.query_start LIMIT 3";

std::string title_of(const std::string &pid) {
    std::string title;
    std::getline(std::ifstream("/proc/" + pid + "/cmdline"), title, '\0');
    const auto end = title.find_last_not_of(' ');
    return end == std::string::npos ? "" : title.substr(0, end + 1);
}

std::string parent_of(const std::string &pid) {
    std::ifstream status("/proc/" + pid + "/status");
    for (std::string word; status >> word;) {
        if (word == "PPid:") {
            status >> word;
            return word;
        }
    }
    return {};
}

}  // namespace

std::string describe_waits(const std::string &conninfo) {
    try {
        Connection server(conninfo + " connect_timeout=3");
        const auto rows = server.query(kWaits);
        std::vector<std::string> lines;
        for (int row = 0; row < rows.size(); ++row) {
            lines.push_back(rows.value(row, 0).value_or(""));
        }
        return fmt::format("{}", fmt::join(lines, "; "));
    } catch (const HelperError &error) {
        spdlog::debug("no diagnosis: {}", error.what());  // there may be no server at this moment
        return {};
    }
}

std::vector<ServerProcess> processes_of_server(const fs::path &data_dir) {
    const auto text = text_of(data_dir / "postmaster.pid");
    const auto postmaster = text.substr(0, text.find('\n'));
    std::vector<ServerProcess> processes;
    std::error_code gone;
    for (const auto &entry : fs::directory_iterator("/proc", gone)) {
        const auto pid = entry.path().filename().string();
        if (!postmaster.empty() && pid.find_first_not_of("0123456789") == std::string::npos &&
            parent_of(pid) == postmaster) {
            processes.push_back({.pid = std::atoi(pid.c_str()), .title = title_of(pid)});
        }
    }
    return processes;
}

std::string describe_processes(const fs::path &data_dir) {
    std::vector<std::string> titles;
    for (const auto &process : processes_of_server(data_dir)) {
        titles.push_back(fmt::format("{} ({})", process.title, process.pid));
    }
    return titles.empty() ? "" : fmt::format("still there: {}", fmt::join(titles, ", "));
}

}  // namespace pgaf
