#include "checks/check.hpp"
#include "hba.hpp"

namespace pgaf {

namespace {

std::optional<std::string> pg_hba_conf(const CheckSubject &subject) {
    if (!subject.node.running_server()) {
        return std::nullopt;  // which server_runs tells
    }
    const auto remarks = describe_hba(find_hba(subject.node, {}));
    return remarks.empty() ? std::nullopt : std::optional(remarks);
}

}  // namespace

std::vector<Check> access_checks() {
    return {{"hba", Severity::Warning, "a node that pg_hba.conf shuts out cannot take its part in the cluster",
             "Add the line that pgaf_upgrade_required_hba() on the monitor prints, where it is reached.", pg_hba_conf}};
}

}  // namespace pgaf
