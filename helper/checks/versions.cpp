#include <fmt/format.h>

#include "checks/check.hpp"
#include "checks/trial.hpp"
#include "core/version.hpp"
#include "run/software.hpp"

namespace pgaf {

namespace {

// Those of the monitor's own database, or of its new installation.
std::string version_of_extension(Connection &server, const char *query, const char *name) {
    const auto rows = server.query(query, {name});
    return rows.size() == 0 ? "" : rows.value(0, 0).value_or("");
}

constexpr const char *kInstalled = "SELECT extversion FROM pg_catalog.pg_extension WHERE extname = $1";
constexpr const char *kAvailable = "SELECT default_version FROM pg_catalog.pg_available_extensions WHERE name = $1";

// pg_autoctl refuses to work with another version of the extension than its own.
Findings autoctl_version(Subject &subject) {
    const auto software = software_of(subject.installation, subject.target);
    const auto version_of = [&software](int major) {
        const auto found = software.find(name_of_autoctl(major));
        return found == software.end() ? std::string() : found->second;
    };
    Findings findings;
    const auto compare = [&findings](const std::string &what, const std::string &program,
                                     const std::string &extension) {
        if (!program.empty() && !extension.empty() && program != extension) {
            findings.push_back(
                {fmt::format("{} needs the extension's version {}, and the monitor has {}", what, program, extension)});
        }
    };
    compare(name_of_autoctl(subject.installation.source), version_of(subject.installation.source),
            version_of_extension(subject.monitor(), kInstalled, "pgautofailover"));
    if (subject.is_monitor()) {
        auto new_server = subject.trial().connect();
        compare(name_of_autoctl(subject.target), version_of(subject.target),
                version_of_extension(new_server, kAvailable, "pgautofailover"));
        const auto own = version_of_extension(new_server, kAvailable, "pgaf_upgrade");
        if (!own.empty() && own != kVersion) {
            findings.push_back(
                {fmt::format("pgaf_upgrade for {} is {}, and this helper {}", subject.target, own, kVersion),
                 "Install the same version for both majors, and as helper on every node."});
        }
    }
    return findings;
}

// As the other nodes' helpers have reported them in the run that is under way; before one nobody has.
Findings differences(Subject &subject, const std::string &of) {
    const auto schema = subject.schema_of_extension();
    if (schema.empty()) {
        return {};
    }
    const auto rows =
        subject.monitor().query(fmt::format("SELECT s.node, s.software, s.version FROM {0}.pgaf_upgrade_status() r,"
                                            "       {0}.pgaf_upgrade_software(r.run) s"
                                            " WHERE r.state NOT IN ('finished', 'aborted') AND s.nodeid <> $1::bigint"
                                            "   AND pg_catalog.starts_with(s.software, $2)",
                                            schema),
                                {std::to_string(subject.node.nodeid), of});
    const auto own = software_of(subject.installation, subject.target);
    Findings findings;
    for (int row = 0; row < rows.size(); ++row) {
        const auto name = rows.text(row, "software");
        const auto version = rows.text(row, "version");
        if (const auto found = own.find(name); found != own.end() && found->second != version) {
            findings.push_back(
                {fmt::format("{} is {} here, and {} on {}", name, found->second, version, rows.text(row, "node"))});
        }
    }
    return findings;
}

Findings same_autoctl(Subject &subject) {
    return differences(subject, "pg_autoctl");
}

Findings same_minors(Subject &subject) {
    return differences(subject, "PostgreSQL");
}

constexpr const char *kHowTo =
    "Install the same on every node; then end pgaf-upgrade run on the nodes that are changed, run it again there, and"
    " then here.";

}  // namespace

std::vector<Check> version_checks() {
    return {{"autoctl_version", Severity::Error, Where::EveryNode,
             "pg_autoctl works with its own version of the monitor's extension only",
             "Install the same version of pg_auto_failover on every node and on the monitor.", autoctl_version},
            {"same_autoctl", Severity::Error, Where::EveryNode, "one of the two could not join the upgraded monitor",
             kHowTo, same_autoctl},
            {"same_minors", Severity::Warning, Where::EveryNode,
             "a fault that one minor version has would appear after a failover only", kHowTo, same_minors}};
}

}  // namespace pgaf
