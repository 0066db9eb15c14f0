#include "checks/check.hpp"
#include "configuration/hba.hpp"

namespace pgaf {

namespace {

Findings pg_hba_conf(Subject &subject) {
    static_cast<void>(subject.server());
    const auto remarks = describe_hba(find_hba(subject.node, {}));
    return remarks.empty() ? Findings{} : Findings{{remarks}};
}

}  // namespace

std::vector<Check> access_checks() {
    return {{"hba", Severity::Warning, Where::EveryNode,
             "a node that pg_hba.conf shuts out cannot take its part in the cluster",
             "Add the line that pgaf_upgrade_required_hba() on the monitor prints, where it is reached.", pg_hba_conf}};
}

}  // namespace pgaf
