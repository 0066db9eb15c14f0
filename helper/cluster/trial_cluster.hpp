#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cluster/socket_directory.hpp"
#include "node/node.hpp"
#include "postgres/connection.hpp"
#include "run/installation.hpp"
#include "system/process.hpp"

namespace pgaf {

// An empty cluster of the target beside PGDATA, to try things on while the old one serves: reachable
// over a socket in a private directory only, and gone with the object.
class TrialCluster {
  public:
    // Runs initdb. Throws HelperError.
    TrialCluster(const Node &node, const Installation &installation, const std::vector<std::string> &initdb_parameters,
                 std::string superuser);
    ~TrialCluster();
    TrialCluster(const TrialCluster &) = delete;
    TrialCluster &operator=(const TrialCluster &) = delete;

    static constexpr int kPort = 50432;  // no TCP port: it names the socket

    [[nodiscard]] const std::filesystem::path &data_dir() const { return data_dir_; }
    [[nodiscard]] const std::filesystem::path &folder() const { return folder_; }  // in it, for files
    [[nodiscard]] const std::string &superuser() const { return superuser_; }
    [[nodiscard]] std::string socket_directory() const { return sockets_->path(); }
    [[nodiscard]] bool is_running() const { return running_; }

    // By options of private_settings.hpp. Its answer when it does not start: what the server said.
    [[nodiscard]] std::optional<std::string> start(std::vector<std::string> options);
    void stop();
    [[nodiscard]] Connection connect(const std::string &dbname = "postgres") const;

    // A program of the target, as the owner.
    [[nodiscard]] Outcome run_program(const std::string &program, std::vector<std::string> arguments,
                                      std::chrono::seconds limit, std::vector<std::string> environment = {}) const;

  private:
    const Node &node_;
    std::filesystem::path bindir_;
    std::filesystem::path folder_;
    std::filesystem::path data_dir_;
    std::string superuser_;
    std::optional<SocketDirectory> sockets_;
    bool running_ = false;
};

}  // namespace pgaf
