#pragma once

#include <string>
#include <vector>

#include "checks/subject.hpp"
#include "cluster/private_files.hpp"
#include "cluster/rehearsal.hpp"
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
    [[nodiscard]] Connection connect(const std::string &dbname = "postgres");
    // The value that the new server takes from the carried configuration.
    [[nodiscard]] std::string configured(const std::string &parameter) const;

    // pg_upgrade --check against the running old server: empty when it has nothing to say against it.
    struct Refusal {
        std::string message;
        std::vector<std::pair<std::string, std::string>> reports;  // of its files: name, content
    };
    [[nodiscard]] const Refusal &dry_run();
    // Whether that was tried, and has something to say.
    [[nodiscard]] bool is_refused() const { return dry_run_ && !dry_run_->message.empty(); }

    // What pg_upgrade's servers go by.
    [[nodiscard]] const PrivateFiles &private_files();

    // The real pg_upgrade into this cluster, of a copy of the old one. Throws NotExamined where it cannot be tried.
    [[nodiscard]] const Rehearsed &rehearsed();
    // The same where it has come to its end, null elsewhere.
    [[nodiscard]] const Rehearsed *whole_rehearsal() const;

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
    std::optional<Rehearsed> rehearsed_;
    std::string not_rehearsed_;  // why
};

}  // namespace pgaf
