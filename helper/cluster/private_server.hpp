#pragma once

#include <filesystem>
#include <string>

#include "cluster/private_settings.hpp"
#include "cluster/socket_directory.hpp"
#include "run/context.hpp"

namespace pgaf {

// A server on this node's PGDATA that only this program can reach, by the programs of one major.
class PrivateServer {
  public:
    // Returns when it accepts connections. Throws HelperError.
    PrivateServer(const Context &context, Side side, std::chrono::seconds limit);
    ~PrivateServer();
    PrivateServer(const PrivateServer &) = delete;
    PrivateServer &operator=(const PrivateServer &) = delete;

    void stop();

  private:
    const Node &node_;
    std::filesystem::path bindir_;
    std::chrono::seconds stop_limit_;
    SocketDirectory sockets_;
    bool runs_ = false;
};

// By a shutdown checkpoint. Throws HelperError(TimedOut) that names the processes which do not end.
void stop_server(const Node &node, const std::filesystem::path &bindir, std::chrono::seconds limit);

// The service and its server, by the programs of its major, stopped and kept from being started until
// start_service().
void stop_behind_guard(const Context &context, const std::filesystem::path &bindir);

// A server that was told to stop, and waits for somebody, ended without that one, and its service with it. What it has
// not written is recovered by its next start. Nothing where a server serves.
void end_stopping_server(const Context &context);

// What pg_controldata says after a clean stop. "shut down in recovery" is of a standby alone: where a primary says
// so, it had crashed, and was told to end before it had recovered.
[[nodiscard]] const char *clean_state(Role role);

// The service and its server stopped, by a shutdown checkpoint, and kept from being started until
// start_service(). A server that had crashed is first recovered, out of everybody's reach.
void stop_cleanly(const Context &context);

// Lets the service be started again, and starts it where it does not run.
void start_service(const Context &context);

}  // namespace pgaf
