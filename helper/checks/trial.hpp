#pragma once

#include <string>
#include <vector>

#include "checks/subject.hpp"
#include "cluster/private_files.hpp"
#include "cluster/trial_cluster.hpp"
#include "configuration/carry.hpp"

namespace pgaf {

// A new cluster with this node's configuration as it would be carried over.
class Trial {
  public:
    // Throws HelperError.
    explicit Trial(Subject &subject);

    // The lines that are carried otherwise than they are.
    [[nodiscard]] const std::map<std::filesystem::path, std::vector<LineChange>> &changes() const { return changes_; }
    // What the new server says against the carried configuration.
    [[nodiscard]] const std::vector<std::string> &refused() const { return refused_; }

    // What the new server said when it was started with that configuration; empty: it runs.
    [[nodiscard]] const std::string &start_error() const { return start_error_; }

    // Its server: with the carried configuration, or where that does not start, with initdb's.
    [[nodiscard]] Connection connect();
    // The value that the new server takes from the carried configuration.
    [[nodiscard]] std::string configured(const std::string &parameter) const;

    // What was tried took so long; nothing where it was not, or did not come to its end.
    struct Timing {
        std::optional<double> check_s;      // pg_upgrade --check
        std::optional<double> rehearsal_s;  // every definition dumped and restored
        bool was_rehearsed = false;         // that was tried
    };
    [[nodiscard]] Timing &timing() { return timing_; }

    // pg_upgrade --check against the running old server: empty when it has nothing to say against it.
    struct Refusal {
        std::string message;
        std::vector<std::pair<std::string, std::string>> reports;  // of its files: name, content
    };
    [[nodiscard]] const Refusal &dry_run();

    // What pg_upgrade's servers go by.
    [[nodiscard]] const PrivateFiles &private_files();

    // The cluster itself, with no server on it.
    TrialCluster &stopped();

  private:
    Subject &subject_;
    TrialCluster cluster_;
    std::map<std::filesystem::path, std::vector<LineChange>> changes_;
    std::vector<std::string> refused_;
    std::string start_error_;
    std::optional<PrivateFiles> private_files_;
    std::optional<Refusal> dry_run_;
    Timing timing_;
};

}  // namespace pgaf
