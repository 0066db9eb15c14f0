#include "cluster/replication_clients.hpp"

#include <algorithm>
#include <csignal>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "postgres/diagnosis.hpp"
#include "system/document.hpp"

namespace pgaf {

namespace {

// A note of the journal: a JSON array of their names.
constexpr const char *kEndedClients = "replication clients ended";

constexpr const char *kReplicationClients =
    "SELECT a.pid,"
    "       pg_catalog.format('process %s of %s, application %s, from %s', a.pid, a.usename,"
    "                         coalesce(nullif(a.application_name, ''), '-'),"
    "                         coalesce(pg_catalog.host(a.client_addr), 'this host'))"
    "       || coalesce(', slot ' || s.slot_name, '') AS name,"
    "       coalesce(pg_catalog.pg_size_pretty(pg_catalog.pg_wal_lsn_diff("
    "         CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn()"
    "              ELSE pg_catalog.pg_current_wal_lsn() END, coalesce(r.flush_lsn, r.write_lsn))) || ' not confirmed',"
    "       'nothing confirmed') AS unconfirmed"
    "  FROM pg_catalog.pg_stat_activity a"
    "       LEFT JOIN pg_catalog.pg_stat_replication r ON r.pid = a.pid"
    "       LEFT JOIN pg_catalog.pg_replication_slots s ON s.active_pid = a.pid"
    " WHERE a.backend_type = 'walsender' AND a.application_name NOT LIKE 'pgautofailover\\_standby\\_%'"
    "   AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_basebackup b WHERE b.pid = a.pid)"
    " ORDER BY a.pid";

constexpr std::string_view kWalSender = " walsender ";
// The role by which the nodes of pg_auto_failover stream.
constexpr std::string_view kNodesRole = "pgautofailover_replicator ";

// "postgres: walsender ROLE HOST(PORT) STATE", perhaps with cluster_name. One that has come since it was looked is of a
// node when it has the nodes' role.
bool is_walsender(const ServerProcess &process) {
    return process.title.find(kWalSender) != std::string::npos;
}

bool is_of_node(const ServerProcess &process) {
    const auto at = process.title.find(kWalSender);
    return process.title.substr(at + kWalSender.size()).starts_with(kNodesRole);
}

}  // namespace

std::vector<ReplicationClient> replication_clients(Connection &server) {
    const auto rows = server.query(kReplicationClients);
    std::vector<ReplicationClient> clients;
    for (int row = 0; row < rows.size(); ++row) {
        clients.push_back({.pid = std::stoi(rows.text(row, "pid")),
                           .name = rows.text(row, "name"),
                           .unconfirmed = rows.text(row, "unconfirmed")});
    }
    return clients;
}

EndOfReplicationClients::EndOfReplicationClients(const Context &context, std::chrono::seconds patience)
    : context_(context), patience_(patience) {
    // one that does not answer, as when it recovers, has no clients either
    with_errors_logged(
        "it is not known who else receives WAL",
        [&] {
            if (context.node.running_server()) {
                auto server = context.node.connect_locally();
                server.set_limit(std::chrono::seconds(5));
                known_ = replication_clients(server);
            }
        },
        true);
    thread_ = std::jthread([this](const std::stop_token &stop) {
        with_errors_logged("those who receive WAL are not ended", [&] { watch(stop); });
    });
}

void EndOfReplicationClients::watch(const std::stop_token &stop) {
    std::optional<std::chrono::steady_clock::time_point> deadline;
    while (!stop.stop_requested()) {
        if (!deadline && context_.node.is_server_stopping()) {
            deadline = std::chrono::steady_clock::now() + patience_;
        }
        if (deadline && std::chrono::steady_clock::now() >= *deadline) {
            end_all();
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

void EndOfReplicationClients::end_all() {
    if (!context_.node.is_server_stopping()) {
        return;
    }
    for (const auto &process : processes_of_server(context_.node.data_dir)) {
        const auto known = std::ranges::find(known_, process.pid, &ReplicationClient::pid);
        const bool is_known = known != known_.end();
        if (!is_walsender(process) || (!is_known && is_of_node(process)) ||
            std::ranges::find(told_, process.pid) != told_.end()) {
            continue;
        }
        told_.push_back(process.pid);
        auto ended = ended_replication_clients(context_);
        ended.push_back(is_known ? known->name : fmt::format("process {}: {}", process.pid, process.title));
        spdlog::warn("ended, since the stop waited for it: {}", ended.back());
        context_.journal.note(kEndedClients,
                              nlohmann::json(ended).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        ::kill(process.pid, SIGTERM);
    }
}

std::vector<std::string> ended_replication_clients(const Context &context) {
    const auto noted = context.journal.noted(kEndedClients);
    return noted ? nlohmann::json::parse(*noted).get<std::vector<std::string>>() : std::vector<std::string>{};
}

}  // namespace pgaf
