#include "src/store.hpp"

#include "src/pg/spi.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::store {

using pg::query;

int attempts(std::int64_t runid, std::int64_t nodeid, std::string_view step) {
    return static_cast<int>(query("SELECT attempts FROM pgaf_upgrade.step "
                                  " WHERE runid = $1::bigint AND nodeid = $2::bigint AND name = $3",
                                  {runid, nodeid, step})
                                .at(0)
                                .integer(0));
}

Text finished_at(std::int64_t runid, std::int64_t nodeid, std::string_view step) {
    return query(
               "SELECT finished_at::text FROM pgaf_upgrade.step "
               " WHERE runid = $1::bigint AND nodeid = $2::bigint AND name = $3",
               {runid, nodeid, step})
        .at(0)
        .text(0);
}

int set_running(std::int64_t runid, std::int64_t nodeid, std::string_view step, const std::string &token,
                const Text &at) {
    return static_cast<int>(
        query("UPDATE pgaf_upgrade.step SET state = 'running', attempts = attempts + 1, started_at = t.at, "
              "       first_started_at = coalesce(first_started_at, t.at), finished_at = NULL, progress = NULL, "
              "       result = NULL, error = NULL, hint = NULL, detail = NULL, "
              "       acknowledged_at = NULL, acknowledged_by = NULL, acknowledge_note = NULL, "
              "       lease_digest = pg_catalog.sha256(pg_catalog.uuid_send($4::uuid)), "
              "       backend_pid = pg_catalog.pg_backend_pid() "
              "  FROM (SELECT coalesce($5::timestamptz, pg_catalog.clock_timestamp()) AS at) t "
              " WHERE runid = $1::bigint AND nodeid = $2::bigint AND name = $3 RETURNING attempts",
              {runid, nodeid, step, token, at})
            .at(0)
            .integer(0));
}

int keep_running(std::int64_t runid, std::int64_t nodeid, std::string_view step, const std::string &token) {
    return static_cast<int>(
        query("UPDATE pgaf_upgrade.step SET lease_digest = pg_catalog.sha256(pg_catalog.uuid_send($4::uuid)), "
              "       backend_pid = pg_catalog.pg_backend_pid() "
              " WHERE runid = $1::bigint AND nodeid = $2::bigint AND name = $3 RETURNING attempts",
              {runid, nodeid, step, token})
            .at(0)
            .integer(0));
}

void set_done(std::int64_t runid, std::int64_t nodeid, std::string_view step, const Text &at, const Text &result) {
    query(
        "UPDATE pgaf_upgrade.step SET state = 'done', progress = NULL, result = $5::jsonb, backend_pid = NULL, "
        "       finished_at = coalesce($4::timestamptz, pg_catalog.clock_timestamp()) "
        " WHERE runid = $1::bigint AND nodeid = $2::bigint AND name = $3",
        {runid, nodeid, step, at, result});
}

void set_failed(std::int64_t runid, std::int64_t nodeid, std::string_view step, const Text &at, const Text &error,
                const Text &hint, const Text &detail) {
    query(
        "UPDATE pgaf_upgrade.step SET state = 'failed', error = $5, hint = $6, detail = $7, backend_pid = NULL, "
        "       finished_at = coalesce($4::timestamptz, pg_catalog.clock_timestamp()) "
        " WHERE runid = $1::bigint AND nodeid = $2::bigint AND name = $3",
        {runid, nodeid, step, at, error, hint, detail});
}

constexpr const char *kToPending =
    "UPDATE pgaf_upgrade.step SET state = 'pending', progress = NULL, result = NULL, error = NULL, hint = NULL, "
    "       detail = NULL, started_at = NULL, finished_at = NULL, lease_digest = NULL, backend_pid = NULL, "
    "       acknowledged_at = NULL, acknowledged_by = NULL, acknowledge_note = NULL ";

void set_pending(std::int64_t runid, std::int64_t nodeid, std::string_view step) {
    const auto sql = std::string(kToPending) + " WHERE runid = $1::bigint AND nodeid = $2::bigint AND name = $3";
    query(sql.c_str(), {runid, nodeid, step});
}

void set_never_begun(std::int64_t runid) {
    const auto sql = std::string(kToPending) + ", attempts = 0, first_started_at = NULL WHERE runid = $1::bigint";
    query(sql.c_str(), {runid});
}

void set_progress(std::int64_t runid, std::int64_t nodeid, std::string_view step, const Text &progress) {
    query(
        "UPDATE pgaf_upgrade.step SET progress = $4 "
        " WHERE runid = $1::bigint AND nodeid = $2::bigint AND name = $3 AND state = 'running'",
        {runid, nodeid, step, progress});
}

bool has_finished_at(std::int64_t runid, std::int64_t nodeid, std::string_view step, const Text &at) {
    return !query(
                "SELECT 1 FROM pgaf_upgrade.step "
                " WHERE runid = $1::bigint AND nodeid = $2::bigint AND name = $3 AND finished_at = $4::timestamptz",
                {runid, nodeid, step, at})
                .empty();
}

Text result_value(const Text &result, const char *key) {
    return query("SELECT $1::jsonb ->> $2", {result, key}).at(0).text(0);
}

Text warnings_in_words(const Text &result) {
    return query("SELECT pgaf_upgrade.warnings_text($1::jsonb)", {result}).at(0).text(0);
}

std::vector<StepWarnings> acknowledge_warnings(std::int64_t runid, const std::string &note) {
    const auto rows = query(
        "UPDATE pgaf_upgrade.step s SET acknowledged_at = pg_catalog.clock_timestamp(), "
        "       acknowledged_by = SESSION_USER, acknowledge_note = $2 "
        "  FROM pgaf_upgrade.warnings($1::bigint) w "
        " WHERE s.runid = $1::bigint AND s.nodeid = w.nodeid AND s.name = w.step AND w.open > 0 "
        "RETURNING s.nodeid, s.name, w.open",
        {runid, note});
    std::vector<StepWarnings> steps;
    for (const auto &row : rows) {
        steps.push_back({row.integer(0), row.string(1), static_cast<int>(row.integer(2))});
    }
    return steps;
}

std::vector<JournalEntry> journal_entries(const std::string &json) {
    const auto rows = query(
        "SELECT e ->> 'step', e ->> 'state' = 'failed', e ->> 'started_at', e ->> 'finished_at', "
        "       nullif(e -> 'result', 'null')::text, "
        "       e ->> 'error', e ->> 'hint' "
        "  FROM pg_catalog.jsonb_array_elements($1::jsonb) WITH ORDINALITY AS j (e, position) ORDER BY j.position",
        {json});
    std::vector<JournalEntry> entries;
    for (const auto &row : rows) {
        entries.push_back(
            {row.string(0), row.boolean(1), row.text(2), row.string(3), row.text(4), row.text(5), row.text(6)});
    }
    return entries;
}

}  // namespace pgaf::store
