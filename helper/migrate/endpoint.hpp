#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "node/node.hpp"
#include "postgres/connection.hpp"

namespace pgaf::migrate {

// The connection string of --from as its parts. Throws HelperError(Usage) where libpq cannot read it, and where a
// password is in it: programs get it as an argument, which everybody on the host can see.
[[nodiscard]] std::map<std::string, std::string> parts_of_option(const std::string &conninfo);

// The session that copies is named so, on both servers.
inline constexpr const char *kApplicationName = "pgaf-upgrade migrate";

// The old cluster or the new, as migrate's own sessions and PostgreSQL's programs reach it: by the same string, in
// which every setting is that changes how a value is written as text, or how long a session may live.
class Server {
  public:
    explicit Server(std::map<std::string, std::string> parts) : parts_(std::move(parts)) {}

    // The local one. Throws HelperError where none runs.
    [[nodiscard]] static Server of(const Node &node);

    // Where several hosts are named, that one alone from now on which is reached first: a snapshot is of one server.
    // Throws PgError.
    void settle();

    [[nodiscard]] Connection connect(const std::string &dbname) const;
    [[nodiscard]] std::string conninfo(const std::string &dbname) const;
    [[nodiscard]] std::string first_database() const;  // the one that is named, else postgres
    [[nodiscard]] std::string address() const;         // for people

  private:
    std::map<std::string, std::string> parts_;
};

// Ends what a run of migrate that was killed has left in the server, and waits until it is gone.
void end_left_sessions(const Server &server);

}  // namespace pgaf::migrate
