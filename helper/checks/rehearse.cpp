#include "checks/rehearse.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "checks/trial.hpp"
#include "run/sessions.hpp"

namespace pgaf {

namespace {

// As the step statistics does, but for foreign tables, whose servers are nobody's to rehearse with.
constexpr const char *kAnalyzed =
    "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name"
    "  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' ORDER BY c.oid";

void analyze(Connection server, const std::string &database, std::vector<NotAnalyzedTable> &failed) {
    leave_out_event_triggers(server);
    const auto tables = server.query(kAnalyzed);
    for (int row = 0; row < tables.size(); ++row) {
        const auto name = tables.text(row, "name");
        try {
            server.query("ANALYZE " + name);
        } catch (const PgError &error) {
            if (error.connection_lost()) {
                throw;
            }
            failed.push_back({fmt::format("table {} in database \"{}\"", name, database), error.what()});
        }
    }
}

}  // namespace

Rehearsal rehearse(Subject &subject) {
    Rehearsal rehearsal;
    for (const auto &check : all_checks()) {
        if (std::ranges::find(rehearsed_checks(), check.name) != rehearsed_checks().end()) {
            rehearsal.results.push_back(examine_one(subject, check));
        }
    }
    if (subject.made_trial() == nullptr || subject.made_trial()->whole_rehearsal() == nullptr) {
        return rehearsal;
    }
    subject.say("gathering statistics");
    auto &trial = subject.trial();
    auto server = trial.connect();
    for (const auto &database : databases_of(server)) {
        analyze(trial.connect(database), database, rehearsal.not_analyzed);
    }
    return rehearsal;
}

}  // namespace pgaf
