#include "migrate/endpoint.hpp"
#include "postgres/conninfo.hpp"

#include <chrono>
#include <memory>
#include <thread>

#include <fmt/format.h>

namespace pgaf::migrate {

namespace {

// Writes that are refused are refused to the applications and not to pg_restore. The rest: the same value has to be
// the same text on both servers.
constexpr const char *kSettings =
    "-c default_transaction_read_only=off -c search_path=pg_catalog,pg_temp -c statement_timeout=0 -c lock_timeout=0"
    " -c idle_in_transaction_session_timeout=0 -c datestyle=ISO -c intervalstyle=postgres -c timezone=UTC"
    " -c extra_float_digits=1 -c bytea_output=hex -c lc_monetary=C";

constexpr std::chrono::seconds kSessionsEnd{60};

}  // namespace

std::map<std::string, std::string> parts_of_option(const std::string &conninfo) {
    std::map<std::string, std::string> parts;
    try {
        parts = conninfo_parts(conninfo);
    } catch (const HelperError &error) {
        throw HelperError(ExitCode::Usage, fmt::format("--from: {}", error.what()),
                          "Write it as --from 'host=node1,node2 user=postgres target_session_attrs=read-write'.");
    }
    if (parts.contains("password")) {
        throw HelperError(ExitCode::Usage, "--from has a password in it, which everybody on this host could read",
                          "Write it into ~/.pgpass of the data directory's owner, and leave it out here.");
    }
    return parts;
}

Server Server::of(const Node &node) {
    const auto running = node.running_server();
    if (!running) {
        throw HelperError(ExitCode::Refused, fmt::format("no server runs in \"{}\"", node.pgdata.string()),
                          "Start the new cluster's service, and run pgaf-upgrade migrate again.");
    }
    return Server({{"host", running->first},
                   {"port", std::to_string(running->second)},
                   {"user", node.config.username.empty() ? node.owner.name : node.config.username},
                   {"dbname", "postgres"}});
}

void Server::settle() {
    static_cast<void>(connect(first_database()));  // says what is wrong
    const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(conninfo(first_database()).c_str()),
                                                                  &PQfinish);
    if (PQstatus(connection.get()) != CONNECTION_OK) {
        throw PgError(ExitCode::NoMonitor, PQerrorMessage(connection.get()), "", "");
    }
    const std::string host = PQhost(connection.get());
    const std::string port = PQport(connection.get());
    if (parts_.contains("host") || !parts_.contains("hostaddr")) {
        parts_["host"] = host;
        parts_.erase("hostaddr");
    } else {
        parts_["hostaddr"] = host;
    }
    parts_["port"] = port;
}

Connection Server::connect(const std::string &dbname) const {
    // what programs read and write stays in the database's own encoding
    return Connection(conninfo(dbname) + " client_encoding=UTF8");
}

std::string Server::conninfo(const std::string &dbname) const {
    auto parts = parts_;
    parts["dbname"] = dbname;
    parts["application_name"] = kApplicationName;
    parts["options"] = (parts.contains("options") ? parts["options"] + " " : "") + kSettings;
    std::string text;
    for (const auto &[keyword, value] : parts) {
        text += fmt::format("{}{}={}", text.empty() ? "" : " ", keyword, quote_conninfo(value));
    }
    return text;
}

std::string Server::first_database() const {
    const auto named = parts_.find("dbname");
    return named == parts_.end() ? "postgres" : named->second;
}

std::string Server::address() const {
    const auto part = [this](const char *keyword) {
        const auto found = parts_.find(keyword);
        return found == parts_.end() ? std::string() : found->second;
    };
    return fmt::format("{}:{}", part("host").empty() ? part("hostaddr") : part("host"), part("port"));
}

void end_left_sessions(const Server &server) {
    auto connection = server.connect(server.first_database());
    const auto deadline = std::chrono::steady_clock::now() + kSessionsEnd;
    while (true) {
        const auto left = connection.single(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = $1 AND pid <> pg_backend_pid()",
            {kApplicationName});
        if (left == "0") {
            return;
        }
        if (std::chrono::steady_clock::now() > deadline) {
            throw HelperError(ExitCode::TimedOut,
                              fmt::format("{} sessions of an earlier pgaf-upgrade migrate do not end", left),
                              "Look for them in pg_stat_activity by their application_name.");
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
}

}  // namespace pgaf::migrate
