#include <fmt/format.h>

#include "checks/check.hpp"

namespace pgaf {

namespace {

std::optional<std::string> server_runs(const CheckSubject &subject) {
    if (!subject.node.running_server()) {
        return fmt::format("no server runs in \"{}\"", subject.node.pgdata.string());
    }
    try {
        auto server = subject.node.connect_locally();
        if (server.single("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user") != "t") {
            return "the local connection is not that of a superuser";
        }
    } catch (const HelperError &error) {
        return error.what();
    }
    return std::nullopt;
}

// How many rows the query counts on the local server, where it runs at all.
int count(const CheckSubject &subject, const std::string &query) {
    return subject.node.running_server() ? std::atoi(subject.node.connect_locally().single(query).c_str()) : 0;
}

std::optional<std::string> prepared_transactions(const CheckSubject &subject) {
    const int number = count(subject, "SELECT count(*) FROM pg_catalog.pg_prepared_xacts");
    return number > 0 ? std::optional{fmt::format("{} prepared transactions", number)} : std::nullopt;
}

std::optional<std::string> logical_slots(const CheckSubject &subject) {
    const int number =
        count(subject, "SELECT count(*) FROM pg_catalog.pg_replication_slots WHERE slot_type = 'logical'");
    return number > 0 ? std::optional{fmt::format("{} logical replication slots", number)} : std::nullopt;
}

}  // namespace

std::vector<Check> server_checks() {
    return {
        {"server_runs", Severity::Error, "what the new cluster needs is asked from the running old one",
         "Start the node's service, and see that its owner may connect over the Unix socket as a superuser.",
         server_runs},
        {"prepared_transactions", Severity::Error, "pg_upgrade refuses a cluster that has some",
         "COMMIT PREPARED or ROLLBACK PREPARED each of them.", prepared_transactions},
        {"logical_slots", Severity::Warning, "slots of PostgreSQL 15 are not carried over",
         "Make them again after the upgrade, and know that their consumers miss what lies between.", logical_slots}};
}

}  // namespace pgaf
