#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cluster/private_settings.hpp"

namespace pgaf {

// Both configurations of private_settings.hpp as files in a directory of the owner's alone. They are written while the
// old server serves, and the switch goes by the very same ones.
class PrivateFiles {
  public:
    explicit PrivateFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

    // For who writes them himself: name and content.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> texts(const PrivateNeeds &needs, int source,
                                                                         int target) const;
    void write(const PrivateNeeds &needs, int source, int target) const;

    // A server's options, on this data directory. Throws HelperError(StepFailed) where the files are not there.
    [[nodiscard]] std::vector<std::string> options(Side side, const std::filesystem::path &data_dir) const;
    // The same, of files that are yet to be written.
    [[nodiscard]] std::vector<std::string> options(Side side, const Settings &settings,
                                                   const std::string &auto_conf) const;
    // As both have it.
    [[nodiscard]] long max_connections() const;
    // For a standby; writes what it needs.
    [[nodiscard]] std::vector<std::string> standby_options() const;

  private:
    [[nodiscard]] std::filesystem::path configuration(Side side) const;

    std::filesystem::path folder_;
};

// The same as server options, for a server that is started by a configuration of its own.
[[nodiscard]] std::vector<std::string> as_options(const Settings &settings);

// Options as pg_upgrade passes them on: through a shell's double quotes, and by pg_ctl through another shell.
[[nodiscard]] std::string for_pg_upgrade(const std::vector<std::string> &options);

// How much pg_upgrade may do at once: each job is a connection, and one is left for a look at who waits.
[[nodiscard]] unsigned jobs_for(unsigned processors, long max_connections);

}  // namespace pgaf
