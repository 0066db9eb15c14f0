#include "src/store.hpp"

#include "core/errors.hpp"
#include "src/pg/spi.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::store {

using pg::query;

std::string extension_version() {
    return query("SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'pgaf_upgrade'").at(0).string(0);
}

int server_major() {
    return static_cast<int>(
        query("SELECT pg_catalog.current_setting('server_version_num')::int / 10000").at(0).integer(0));
}

std::int64_t server_sysidentifier() {
    return query("SELECT system_identifier FROM pg_catalog.pg_control_system()").at(0).integer(0);
}

int server_port() {
    return static_cast<int>(query("SELECT pg_catalog.current_setting('port')::int").at(0).integer(0));
}

bool session_is_owner() {
    return query(
               "SELECT r.rolsuper OR pg_catalog.pg_has_role(r.oid, e.extowner, 'MEMBER') "
               "  FROM pg_catalog.pg_roles r, pg_catalog.pg_extension e "
               " WHERE r.rolname = SESSION_USER AND e.extname = 'pgaf_upgrade'")
        .at(0)
        .boolean(0);
}

std::vector<ClusterNode> cluster_nodes() {
    const auto rows = query(
        "SELECT n.nodeid, n.nodename, n.nodehost, n.nodeport, n.formationid, f.kind, n.groupid, "
        "       n.reportedstate::text, n.goalstate::text, n.replicationquorum, n.candidatepriority, "
        "       n.sysidentifier, f.number_sync_standbys "
        "  FROM pgautofailover.node n JOIN pgautofailover.formation f ON f.formationid = n.formationid "
        " ORDER BY n.formationid, n.groupid, n.nodeid");
    std::vector<ClusterNode> nodes;
    for (const auto &row : rows) {
        ClusterNode node;
        node.nodeid = row.integer(0);
        node.name = row.string(1);
        node.host = row.string(2);
        node.port = static_cast<int>(row.integer(3));
        node.formation = row.string(4);
        node.kind = row.string(5);
        node.group = static_cast<int>(row.integer(6));
        node.reported_state = row.string(7);
        node.goal_state = row.string(8);
        node.replication_quorum = row.boolean(9);
        node.candidate_priority = static_cast<int>(row.integer(10));
        if (!row.is_null(11)) {
            node.sysidentifier = row.integer(11);
        }
        node.number_sync_standbys = static_cast<int>(row.integer(12));
        nodes.push_back(std::move(node));
    }
    return nodes;
}

std::vector<std::string> formations() {
    std::vector<std::string> names;
    for (const auto &row : query("SELECT formationid FROM pgautofailover.formation ORDER BY formationid")) {
        names.push_back(row.string(0));
    }
    return names;
}

bool is_known_node(std::int64_t nodeid) {
    return !query("SELECT 1 FROM pgautofailover.node WHERE nodeid = $1::bigint", {nodeid}).empty();
}

std::int64_t update_group_sysidentifier(const std::string &formation, int group, std::int64_t after) {
    return static_cast<std::int64_t>(query("UPDATE pgautofailover.node SET sysidentifier = $3::bigint "
                                           " WHERE formationid = $1 AND groupid = $2::int RETURNING nodeid",
                                           {formation, group, after})
                                         .size());
}

Text other_group_with_sysidentifier(const std::string &formation, int group, std::int64_t sysidentifier) {
    const auto rows = query(
        "SELECT pg_catalog.format('group %s of formation %s', groupid, formationid) FROM pgautofailover.node "
        " WHERE sysidentifier = $3::bigint AND (formationid, groupid) <> ($1, $2::int) ORDER BY nodeid LIMIT 1",
        {formation, group, sysidentifier});
    return rows.empty() ? std::nullopt : rows.at(0).text(0);
}

void lock_for_start() {
    query("LOCK TABLE pgaf_upgrade.run IN SHARE ROW EXCLUSIVE MODE");
}

std::vector<std::int64_t> active_runs() {
    std::vector<std::int64_t> runs;
    for (const auto &row :
         query("SELECT runid FROM pgaf_upgrade.run WHERE state NOT IN ('finished', 'aborted') ORDER BY runid")) {
        runs.push_back(row.integer(0));
    }
    return runs;
}

std::optional<std::int64_t> active_run_of_node(std::int64_t nodeid) {
    const auto rows = query(
        "SELECT r.runid FROM pgaf_upgrade.run r JOIN pgaf_upgrade.node n ON n.runid = r.runid "
        " WHERE n.nodeid = $1::bigint AND r.state NOT IN ('finished', 'aborted') ORDER BY r.runid DESC LIMIT 1",
        {nodeid});
    return rows.empty() ? std::nullopt : std::optional(rows.at(0).integer(0));
}

std::optional<std::int64_t> active_run_of_group(const std::string &formation, int group) {
    const auto rows = query(
        "SELECT r.runid FROM pgaf_upgrade.run r JOIN pgaf_upgrade.node n ON n.runid = r.runid "
        " WHERE n.formationid = $1 AND n.groupid = $2::int AND n.nodeid <> 0 "
        "   AND r.state NOT IN ('finished', 'aborted') ORDER BY r.runid DESC LIMIT 1",
        {formation, group});
    return rows.empty() ? std::nullopt : std::optional(rows.at(0).integer(0));
}

std::int64_t insert_run(const Text &formation, const Text &groups, bool include_monitor,
                        std::optional<int> source_version, int target_version, const std::string &method,
                        const std::string &standby_method, const Text &note) {
    return query(
               "INSERT INTO pgaf_upgrade.run (formationid, groups, include_monitor, source_version, target_version, "
               "                              method, standby_method, note) "
               "VALUES ($1, $2::int[], $3::boolean, $4::int, $5::int, $6, $7, $8) RETURNING runid",
               {formation, groups, include_monitor,
                source_version ? pg::Param(*source_version) : pg::Param(std::nullopt), target_version, method,
                standby_method, note})
        .at(0)
        .integer(0);
}

std::optional<RunRow> run(std::int64_t runid, bool for_update) {
    constexpr const char *kShared =
        "SELECT runid, state, include_monitor, not_before IS NULL OR not_before <= pg_catalog.clock_timestamp(), "
        "       source_version, target_version, not_before "
        "  FROM pgaf_upgrade.run WHERE runid = $1::bigint";
    constexpr const char *kLocked =
        "SELECT runid, state, include_monitor, not_before IS NULL OR not_before <= pg_catalog.clock_timestamp(), "
        "       source_version, target_version, not_before "
        "  FROM pgaf_upgrade.run WHERE runid = $1::bigint FOR UPDATE";
    const auto rows = query(for_update ? kLocked : kShared, {runid});
    if (rows.empty()) {
        return std::nullopt;
    }
    const auto &row = rows.at(0);
    RunRow result;
    result.runid = row.integer(0);
    result.state = parse_run_state(row.string(1)).value();
    result.include_monitor = row.boolean(2);
    result.time_has_come = row.boolean(3);
    if (!row.is_null(4)) {
        result.source_version = static_cast<int>(row.integer(4));
    }
    result.target_version = static_cast<int>(row.integer(5));
    result.not_before = row.text(6);
    return result;
}

void set_run_state(std::int64_t runid, RunState state) {
    query("UPDATE pgaf_upgrade.run SET state = $2 WHERE runid = $1::bigint", {runid, to_string(state)});
}

void set_approved(std::int64_t runid, const Text &not_before) {
    query(
        "UPDATE pgaf_upgrade.run SET approved_at = coalesce(approved_at, pg_catalog.clock_timestamp()), "
        "       approved_by = coalesce(approved_by, SESSION_USER), not_before = $2::timestamptz "
        " WHERE runid = $1::bigint",
        {runid, not_before});
}

void set_ended(std::int64_t runid, const Text &reason) {
    query(
        "UPDATE pgaf_upgrade.run SET ended_at = pg_catalog.clock_timestamp(), end_reason = $2 "
        " WHERE runid = $1::bigint",
        {runid, reason});
}

void set_source_version(std::int64_t runid, int version) {
    query("UPDATE pgaf_upgrade.run SET source_version = $2::int WHERE runid = $1::bigint", {runid, version});
}

bool same_time(const Text &one, const Text &other) {
    return query("SELECT $1::timestamptz IS NOT DISTINCT FROM $2::timestamptz", {one, other}).at(0).boolean(0);
}

void insert_node(std::int64_t runid, const NodePlan &node, const std::string &host, int port, const ClusterNode *known,
                 std::optional<std::int64_t> sysidentifier) {
    query(
        "INSERT INTO pgaf_upgrade.node (runid, nodeid, nodename, nodehost, nodeport, formationid, groupid, role, "
        "            rank, old_sysidentifier, replicationquorum, candidatepriority, number_sync_standbys) "
        "VALUES ($1::bigint, $2::bigint, $3, $4, $5::int, $6, $7::int, $8, $9::int, $10::bigint, "
        "        $11::boolean, $12::int, $13::int)",
        {runid, node.nodeid, node.name, host, port, node.formation, node.group, to_string(node.role), node.rank,
         sysidentifier, known != nullptr ? pg::Param(known->replication_quorum) : pg::Param(std::nullopt),
         known != nullptr ? pg::Param(known->candidate_priority) : pg::Param(std::nullopt),
         known != nullptr ? pg::Param(known->number_sync_standbys) : pg::Param(std::nullopt)});
}

void insert_step(std::int64_t runid, std::int64_t nodeid, int ordinal, const StepDefinition &step) {
    query(
        "INSERT INTO pgaf_upgrade.step (runid, nodeid, ordinal, name, phase) "
        "VALUES ($1::bigint, $2::bigint, $3::int, $4, $5)",
        {runid, nodeid, ordinal, step.name, to_string(step.phase)});
}

std::vector<NodePlan> plan_nodes(std::int64_t runid, std::vector<std::vector<std::string>> &step_names) {
    const auto rows = query(
        "SELECT n.nodeid, n.nodename, n.formationid, n.groupid, n.role, n.rank, s.name, s.state "
        "  FROM pgaf_upgrade.node n "
        "  JOIN pgaf_upgrade.step s ON s.runid = n.runid AND s.nodeid = n.nodeid "
        " WHERE n.runid = $1::bigint "
        " ORDER BY n.role = 'monitor', n.formationid, n.groupid, n.role, n.rank, n.nodeid, s.ordinal",
        {runid});
    std::vector<NodePlan> nodes;
    step_names.clear();
    for (const auto &row : rows) {
        if (nodes.empty() || nodes.back().nodeid != row.integer(0)) {
            NodePlan node;
            node.nodeid = row.integer(0);
            node.name = row.string(1);
            node.formation = row.string(2);
            node.group = static_cast<int>(row.integer(3));
            node.role = parse_role(row.string(4)).value();
            node.rank = static_cast<int>(row.integer(5));
            nodes.push_back(std::move(node));
            step_names.emplace_back();
        }
        step_names.back().push_back(row.string(6));
        nodes.back().states.push_back(parse_step_state(row.string(7)).value());
    }
    return nodes;
}

std::optional<std::pair<std::int64_t, std::int64_t>> lease_of(const std::string &token) {
    const auto rows =
        query("SELECT runid, nodeid FROM pgaf_upgrade.node WHERE lease_token = $1::uuid ORDER BY runid DESC LIMIT 1",
              {token});
    if (rows.empty()) {
        return std::nullopt;
    }
    return std::pair(rows.at(0).integer(0), rows.at(0).integer(1));
}

bool holds_lease(std::int64_t runid, std::int64_t nodeid, const std::string &token) {
    return !query(
                "SELECT 1 FROM pgaf_upgrade.node "
                " WHERE runid = $1::bigint AND nodeid = $2::bigint AND lease_token = $3::uuid",
                {runid, nodeid, token})
                .empty();
}

NodeLease lease(std::int64_t runid, std::int64_t nodeid, const std::string &token) {
    const auto row = query(
                         "SELECT coalesce(lease_token <> $3::uuid AND lease_heartbeat > "
                         "                pg_catalog.clock_timestamp() - $4::int * interval '1 second', false), "
                         "       coalesce(lease_host, ''), "
                         "       coalesce(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - "
                         "                                              lease_heartbeat)::int, 0) "
                         "  FROM pgaf_upgrade.node WHERE runid = $1::bigint AND nodeid = $2::bigint",
                         {runid, nodeid, token, kLeaseSeconds})
                         .at(0);
    return {row.boolean(0), row.string(1), static_cast<int>(row.integer(2))};
}

bool take_lease(std::int64_t runid, std::int64_t nodeid, const std::string &token, const std::string &host,
                const std::string &helper_version) {
    const bool held = holds_lease(runid, nodeid, token);
    // The monitor's own host is not in pg_auto_failover's tables: its helper tells it.
    query(
        "UPDATE pgaf_upgrade.node SET lease_token = $3::uuid, lease_heartbeat = pg_catalog.clock_timestamp(), "
        "       lease_host = $4, lease_pid = pg_catalog.pg_backend_pid(), helper_version = $5, "
        "       nodehost = CASE WHEN nodehost = '' THEN $4 ELSE nodehost END "
        " WHERE runid = $1::bigint AND nodeid = $2::bigint",
        {runid, nodeid, token, host, helper_version});
    return !held;
}

void touch_lease(std::int64_t runid, std::int64_t nodeid) {
    query(
        "UPDATE pgaf_upgrade.node SET lease_heartbeat = pg_catalog.clock_timestamp(), "
        "       lease_pid = pg_catalog.pg_backend_pid() WHERE runid = $1::bigint AND nodeid = $2::bigint",
        {runid, nodeid});
}

std::vector<HelperSign> helper_signs(std::int64_t runid) {
    const auto rows = query(
        "SELECT nodeid, lease_token IS NOT NULL, "
        "       coalesce(lease_heartbeat > pg_catalog.clock_timestamp() - $2::int * interval '1 second', false), "
        "       coalesce(pg_catalog.to_char(lease_heartbeat, 'HH24:MI:SS'), '') "
        "  FROM pgaf_upgrade.node WHERE runid = $1::bigint",
        {runid, kLeaseSeconds});
    std::vector<HelperSign> signs;
    for (const auto &row : rows) {
        signs.push_back({row.integer(0), row.boolean(1), row.boolean(2), row.string(3)});
    }
    return signs;
}

std::string assignment(std::int64_t runid, std::int64_t nodeid) {
    return query(
               "WITH described AS "
               "(SELECT n.nodeid, n.formationid, n.groupid, n.rank, n.role, n.number_sync_standbys, "
               "        pg_catalog.jsonb_build_object("
               "            'id', n.nodeid, 'name', n.nodename, 'role', n.role, 'formation', n.formationid, "
               "            'group', n.groupid, 'rank', n.rank, 'host', n.nodehost, 'port', n.nodeport, "
               "            'replication_quorum', n.replicationquorum, 'candidate_priority', n.candidatepriority, "
               "            'old_sysidentifier', pgaf_upgrade.sysidentifier_text(n.old_sysidentifier)::text, "
               "            'new_sysidentifier', pgaf_upgrade.sysidentifier_text(n.new_sysidentifier)::text) AS node "
               "   FROM pgaf_upgrade.node n WHERE n.runid = $1::bigint) "
               "SELECT pg_catalog.jsonb_build_object("
               "           'run', r.runid, 'state', r.state, 'source_version', r.source_version, "
               "           'target_version', r.target_version, 'method', r.method, "
               "           'standby_method', r.standby_method, 'include_monitor', r.include_monitor, "
               "           'number_sync_standbys', d.number_sync_standbys, 'node', d.node, "
               "           'group', (SELECT pg_catalog.jsonb_agg(o.node ORDER BY o.role, o.rank, o.nodeid) "
               "                       FROM described o "
               "                      WHERE (o.formationid, o.groupid, o.role = 'monitor') = "
               "                            (d.formationid, d.groupid, d.role = 'monitor')), "
               "           'steps', (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object("
               "                                'name', s.name, 'state', s.state) ORDER BY s.ordinal) "
               "                       FROM pgaf_upgrade.step s "
               "                      WHERE s.runid = r.runid AND s.nodeid = d.nodeid)) "
               "  FROM pgaf_upgrade.run r, described d WHERE r.runid = $1::bigint AND d.nodeid = $2::bigint",
               {runid, nodeid})
        .at(0)
        .string(0);
}

void set_sysidentifiers(std::int64_t runid, std::int64_t nodeid, std::optional<std::int64_t> old_sysidentifier,
                        std::optional<std::int64_t> new_sysidentifier) {
    query(
        "UPDATE pgaf_upgrade.node SET old_sysidentifier = coalesce($3::bigint, old_sysidentifier), "
        "       new_sysidentifier = coalesce($4::bigint, new_sysidentifier) "
        " WHERE runid = $1::bigint AND nodeid = $2::bigint",
        {runid, nodeid, old_sysidentifier, new_sysidentifier});
}

std::optional<std::int64_t> sysidentifier_to_write(std::int64_t runid, const std::string &formation, int group) {
    const auto rows = query(
        "SELECT n.new_sysidentifier FROM pgaf_upgrade.node n "
        "  JOIN pgaf_upgrade.step s ON s.runid = n.runid AND s.nodeid = n.nodeid "
        " WHERE n.runid = $1::bigint AND n.formationid = $2 AND n.groupid = $3::int AND n.role = 'primary' "
        "   AND s.name = 'identity' AND s.state = 'running' AND s.token = n.lease_token "
        "   AND s.backend_pid = pg_catalog.pg_backend_pid() AND n.new_sysidentifier IS NOT NULL",
        {runid, formation, group});
    return rows.empty() ? std::nullopt : std::optional(rows.at(0).integer(0));
}

int attempts(std::int64_t runid, std::int64_t nodeid, std::string_view step) {
    return static_cast<int>(query("SELECT attempts FROM pgaf_upgrade.step "
                                  " WHERE runid = $1::bigint AND nodeid = $2::bigint AND name = $3",
                                  {runid, nodeid, step})
                                .at(0)
                                .integer(0));
}

int set_running(std::int64_t runid, std::int64_t nodeid, std::string_view step, const std::string &token,
                const Text &at) {
    return static_cast<int>(
        query("UPDATE pgaf_upgrade.step SET state = 'running', attempts = attempts + 1, started_at = t.at, "
              "       first_started_at = coalesce(first_started_at, t.at), finished_at = NULL, progress = NULL, "
              "       result = NULL, error = NULL, hint = NULL, detail = NULL, token = $4::uuid, "
              "       backend_pid = pg_catalog.pg_backend_pid() "
              "  FROM (SELECT coalesce($5::timestamptz, pg_catalog.clock_timestamp()) AS at) t "
              " WHERE runid = $1::bigint AND nodeid = $2::bigint AND name = $3 RETURNING attempts",
              {runid, nodeid, step, token, at})
            .at(0)
            .integer(0));
}

int keep_running(std::int64_t runid, std::int64_t nodeid, std::string_view step, const std::string &token) {
    return static_cast<int>(
        query("UPDATE pgaf_upgrade.step SET token = $4::uuid, backend_pid = pg_catalog.pg_backend_pid() "
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

void set_pending(std::int64_t runid, std::int64_t nodeid, std::string_view step) {
    query(
        "UPDATE pgaf_upgrade.step SET state = 'pending', progress = NULL, result = NULL, error = NULL, hint = NULL, "
        "       detail = NULL, started_at = NULL, finished_at = NULL, token = NULL, backend_pid = NULL "
        " WHERE runid = $1::bigint AND nodeid = $2::bigint AND name = $3",
        {runid, nodeid, step});
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

bool is_json_array(const std::string &json) {
    return query("SELECT pg_catalog.jsonb_typeof($1::jsonb) = 'array'", {json}).at(0).boolean(0);
}

std::vector<JournalEntry> journal_entries(const std::string &json) {
    const auto rows = query(
        "SELECT e ->> 'step', e ->> 'state', e ->> 'started_at', e ->> 'finished_at', (e -> 'result')::text, "
        "       e ->> 'error', e ->> 'hint' "
        "  FROM pg_catalog.jsonb_array_elements($1::jsonb) WITH ORDINALITY AS j (e, position) ORDER BY j.position",
        {json});
    std::vector<JournalEntry> entries;
    for (const auto &row : rows) {
        entries.push_back({row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5), row.text(6)});
    }
    return entries;
}

void record_event(std::int64_t runid, std::optional<std::int64_t> nodeid, std::string_view step, const char *kind,
                  std::string_view state, const Text &message) {
    query(
        "INSERT INTO pgaf_upgrade.event (runid, nodeid, step, kind, state, message) "
        "VALUES ($1::bigint, $2::bigint, nullif($3, ''), $4, nullif($5, ''), $6)",
        {runid, nodeid, step, kind, state, message});
    if (!state.empty()) {
        query(
            "SELECT pg_catalog.pg_notify('pgaf_upgrade', pg_catalog.json_build_object("
            "           'run', $1::bigint, 'node', $2::bigint, 'step', nullif($3, ''), 'state', $4)::text)",
            {runid, nodeid, step, state});
    }
}

void record_check(std::int64_t runid, std::int64_t nodeid, const std::string &check_name, const std::string &severity,
                  bool passed, const Text &found, const Text &meaning, const Text &remedy) {
    // A waiver holds for what was found when it was given, not for whatever is found later.
    query(
        "INSERT INTO pgaf_upgrade.check_result AS c "
        "       (runid, nodeid, check_name, severity, passed, found, meaning, remedy) "
        "VALUES ($1::bigint, $2::bigint, $3, $4, $5::boolean, $6, $7, $8) "
        "ON CONFLICT (runid, nodeid, check_name) DO UPDATE "
        "SET severity = excluded.severity, passed = excluded.passed, found = excluded.found, "
        "    meaning = excluded.meaning, remedy = excluded.remedy, reported_at = excluded.reported_at, "
        "    waived_at = CASE WHEN c.found IS NOT DISTINCT FROM excluded.found THEN c.waived_at END, "
        "    waived_by = CASE WHEN c.found IS NOT DISTINCT FROM excluded.found THEN c.waived_by END, "
        "    waive_reason = CASE WHEN c.found IS NOT DISTINCT FROM excluded.found THEN c.waive_reason END",
        {runid, nodeid, check_name, severity, passed, found, meaning, remedy});
}

std::vector<FailedCheck> checks_in_the_way(std::int64_t runid) {
    const auto rows = query(
        "SELECT n.nodename, c.check_name, coalesce(c.remedy, '') FROM pgaf_upgrade.check_result c "
        "  JOIN pgaf_upgrade.node n ON n.runid = c.runid AND n.nodeid = c.nodeid "
        " WHERE c.runid = $1::bigint AND c.severity = 'error' AND NOT c.passed AND c.waived_at IS NULL "
        " ORDER BY n.nodeid, c.check_name",
        {runid});
    std::vector<FailedCheck> checks;
    for (const auto &row : rows) {
        checks.push_back({row.string(0), row.string(1), row.string(2)});
    }
    return checks;
}

std::vector<std::int64_t> waive_check(std::int64_t runid, const std::string &node, const std::string &check_name,
                                      const std::string &reason) {
    const auto rows = query(
        "UPDATE pgaf_upgrade.check_result c SET waived_at = pg_catalog.clock_timestamp(), "
        "       waived_by = SESSION_USER, waive_reason = $4 "
        "  FROM pgaf_upgrade.node n "
        " WHERE n.runid = c.runid AND n.nodeid = c.nodeid AND c.runid = $1::bigint AND n.nodename = $2 "
        "   AND c.check_name = $3 RETURNING c.nodeid",
        {runid, node, check_name, reason});
    std::vector<std::int64_t> nodes;
    for (const auto &row : rows) {
        nodes.push_back(row.integer(0));
    }
    return nodes;
}

void begin_maintenance(std::int64_t runid, std::int64_t nodeid, const std::string &nodename) {
    query(
        "INSERT INTO pgaf_upgrade.maintenance (runid, nodeid, nodename, started_at, reason) "
        "SELECT $1::bigint, $2::bigint, $3, s.finished_at, pg_catalog.format('upgrade, run %s', $1) "
        "  FROM pgaf_upgrade.step s "
        " WHERE s.runid = $1::bigint AND s.nodeid = $2::bigint AND s.name = 'enter_maintenance'",
        {runid, nodeid, nodename});
}

void end_maintenance(std::int64_t runid, std::int64_t nodeid) {
    query(
        "UPDATE pgaf_upgrade.maintenance m SET ended_at = s.finished_at FROM pgaf_upgrade.step s "
        " WHERE m.runid = $1::bigint AND m.nodeid = $2::bigint AND m.ended_at IS NULL "
        "   AND s.runid = m.runid AND s.nodeid = m.nodeid AND s.name = 'rejoin'",
        {runid, nodeid});
}

void record_sysidentifier_change(std::optional<std::int64_t> runid, const ClusterNode &node, std::int64_t after) {
    query(
        "INSERT INTO pgaf_upgrade.sysidentifier_change "
        "       (runid, formationid, groupid, nodeid, nodename, before, after) "
        "VALUES ($1::bigint, $2, $3::int, $4::bigint, $5, $6::bigint, $7::bigint)",
        {runid, node.formation, node.group, node.nodeid, node.name, node.sysidentifier, after});
}

}  // namespace pgaf::store
