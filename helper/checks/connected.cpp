#include <fmt/format.h>

#include "checks/check.hpp"
#include "cluster/archiver.hpp"
#include "cluster/replication_clients.hpp"
#include "cluster/subscriptions.hpp"
#include "configuration/archive.hpp"

// Who else holds the server when it is to stop.
namespace pgaf {

namespace {

// From a source of 17 on pg_upgrade looks at them itself.
Findings subscription_tables(Subject &subject) {
    Findings findings;
    if (subject.installation.source >= kFirstCarriedByPgUpgrade) {
        return findings;
    }
    subject.each_database(
        "SELECT pg_catalog.format('table %s of subscription %I', r.srrelid::pg_catalog.regclass, s.subname)"
        "  FROM pg_catalog.pg_subscription_rel r JOIN pg_catalog.pg_subscription s ON s.oid = r.srsubid"
        " WHERE r.srsubstate NOT IN ('r', 's') AND (s.subenabled OR r.srsubstate <> 'i') ORDER BY 1",
        [&](const std::string &database, const Rows &rows) {
            for (int row = 0; row < rows.size(); ++row) {
                findings.push_back({fmt::format("{} in database \"{}\"", rows.value(row, 0).value_or(""), database)});
            }
        });
    return findings;
}

Findings clients_of_replication(Subject &subject) {
    Findings findings;
    for (const auto &client : replication_clients(subject.server())) {
        findings.push_back({fmt::format("{}: {}", client.name, client.unconfirmed)});
    }
    return findings;
}

// Of a failing archive_command a stop tries each segment no more than three times.
constexpr const char *kArchiveFails =
    "SELECT pg_catalog.to_char(last_failed_time, 'YYYY-MM-DD HH24:MI:SS')"
    "  FROM pg_catalog.pg_stat_archiver WHERE last_failed_time > coalesce(last_archived_time, '-infinity')";

constexpr const char *kArchiveRemedy =
    "Wait until it is archived (pg_stat_archiver), or make archive_command faster. Waive this if writes may be refused "
    "for so long.";

// That may be refused for the archive's sake where the operator has set no --refused-limit.
constexpr std::chrono::seconds kUsualPatience{30};

Findings archive_backlog(Subject &subject) {
    auto &server = subject.server();
    if (archiving_of(server).empty() || (subject.is_secondary() && subject.setting("archive_mode") != "always")) {
        return {};
    }
    const auto state = archiver_state(subject.node.data_dir);
    const auto failed = server.query(kArchiveFails);
    if (failed.size() > 0 && state.waiting > 0) {
        return {{"archive_command fails",
                 fmt::format("Fix archive_command, which has failed at {}. Else {} segments stay in the old cluster's "
                             "pg_wal, and the archive ends before the upgrade.",
                             failed.value(0, 0).value_or(""), state.waiting)}};
    }
    const auto &limit = subject.node.options.refused_limit_s;
    const auto patience = limit ? std::chrono::seconds(*limit) : kUsualPatience;
    if (state.until_all() <= patience) {
        return {};
    }
    // a waiver holds as long as the same is found: the numbers are no part of it
    return {{fmt::format("archiving what is left takes longer than {} s", patience.count()),
             fmt::format("{} segments wait, and one takes {} s: about {} s. {}", state.waiting, state.of_one.count(),
                         state.until_all().count(), kArchiveRemedy)}};
}

}  // namespace

std::vector<Check> connected_checks() {
    return {
        {"replication_clients", Severity::Warning, Where::EveryNode,
         "the stop waits until it has confirmed all WAL, and ends it after --replication-wait seconds",
         "Let its owner stop it before you approve. It cannot follow the upgraded cluster: a logical consumer needs a "
         "new slot, pg_receivewal a new directory, a standby of a standby is to be made again.",
         clients_of_replication},
        {"subscription_tables", Severity::Error, Where::Upgraded,
         "its copy from the publisher cannot go on in the new cluster, and its subscription would stay disabled",
         "Wait until it is synchronized: srsubstate is r in pg_subscription_rel.", subscription_tables},
        {"archive_backlog", Severity::Error, Where::EveryNode,
         "PostgreSQL does not end before its WAL is archived, and writes are refused meanwhile", kArchiveRemedy,
         archive_backlog}};
}

}  // namespace pgaf
