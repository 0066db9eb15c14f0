#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "postgres/connection.hpp"
#include "run/context.hpp"

// Who receives WAL from a node's server and is no node of its group: consumers of logical slots, pg_receivewal,
// standbys of standbys. A fast shutdown waits, without a limit, until each of them has confirmed all of it.
namespace pgaf {

struct ReplicationClient {
    pid_t pid = 0;            // of the server's process that serves it
    std::string name;         // in words: process, role, application, address and slot
    std::string unconfirmed;  // in words: how much it has not confirmed
};
[[nodiscard]] std::vector<ReplicationClient> replication_clients(Connection &server);

// While it lives, in a thread of its own: ends those that still keep a server which stops, when their time is over.
class EndOfReplicationClients {
  public:
    // Before the server is told to stop.
    EndOfReplicationClients(const Context &context, std::chrono::seconds patience);

  private:
    void watch(const std::stop_token &stop);
    void end_all();

    const Context &context_;
    std::chrono::seconds patience_;
    std::vector<ReplicationClient> known_;
    std::vector<pid_t> told_;
    std::jthread thread_;  // last: it ends before the rest goes
};

// Those that were ended in this attempt, each a warning of the step `stop`; by an earlier helper, too.
[[nodiscard]] std::vector<std::string> ended_replication_clients(const Context &context);

}  // namespace pgaf
