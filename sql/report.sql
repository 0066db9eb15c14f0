-- One run in one document, of a run that is under way, finished, or rolled back.
\pset format unaligned
SELECT test.reset();
SELECT pgaf_upgrade_report() IS NULL AS none_yet, pgaf_upgrade_report(99) IS NULL AS no_such_run;
SELECT test.node(1, 'primary'), test.node(2, 'secondary');
UPDATE pgautofailover.node SET nodename = E'a<b>&"\'' WHERE nodeid = 2;
SELECT pgaf_upgrade_start(18, note => '<script>');
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM generate_series(0, 2) i;
SELECT pgaf_upgrade_report_check(test.token(1), 'free_space', 'error', false, '1 GB', 'too little', 'Make room.'),
       pgaf_upgrade_report_check(test.token(1), 'replication_lag', 'error', true, NULL, 'late', 'Wait.'),
       pgaf_upgrade_report_check(test.token(1), 'logical_slots', 'warning', false, '1', 'lost', 'Drop it.');
SELECT pgaf_upgrade_waive_check(1, 'node_1', 'free_space', 'it grows');
SELECT pgaf_upgrade_record_backup('base', 'pg_basebackup', '2025-01-02 00:00Z', 'default');
-- what the steps have learned: only what is listed is shown
SELECT pgaf_upgrade_begin_step(test.token(1), 'discover'),
       pgaf_upgrade_finish_step(test.token(1), 'discover', '{"old_server_version": "15.1", "old_pgautofailover": "2.0", "pgdata": "/data", "size": {"bytes": 7}, "secret": "s3cret"}');
SELECT pgaf_upgrade_begin_step(test.token(2), 'discover'), pgaf_upgrade_fail_step(test.token(2), 'discover', 'no <disk>', 'Add one.');

-- the keys are what the helper relies on
SELECT string_agg(key, ', ' ORDER BY key) AS run FROM jsonb_object_keys(pgaf_upgrade_report()) key;
SELECT list, string_agg(DISTINCT key, ', ' ORDER BY key) AS keys
  FROM unnest(ARRAY['nodes', 'steps', 'checks', 'backups', 'events']) list,
       jsonb_array_elements(pgaf_upgrade_report() -> list) e, jsonb_object_keys(e) key GROUP BY list ORDER BY list COLLATE "C";
SELECT string_agg(key, ', ' ORDER BY key) AS without_records FROM jsonb_object_keys(pgaf_upgrade_report(1, false)) key
 WHERE key IN ('checks', 'events', 'carried', 'identifiers', 'backups');
SELECT pgaf_upgrade_report()::text LIKE '%s3cret%' AS tells_all;

SELECT n ->> 'name' AS name, n ->> 'role' AS role, n ->> 'old_server_version' AS version, n ->> 'old_pgautofailover' AS monitor_version,
       n ->> 'data_directory' AS pgdata, n -> 'data_bytes' AS bytes, n ->> 'old_system_identifier' AS identifier, n -> 'checks_passed' AS passed,
       n -> 'checks_failed' AS failed, n -> 'checks_waived' AS waived, jsonb_typeof(n -> 'helper_heard_at') AS heard
  FROM jsonb_array_elements(pgaf_upgrade_report() -> 'nodes') n WHERE n ->> 'role' <> 'monitor';
SELECT s -> 'node' AS node, s ->> 'step' AS step, s ->> 'state' AS state, s ->> 'error' AS error, s ->> 'hint' AS hint,
       abs((s -> 'finished_at')::numeric - extract(epoch FROM clock_timestamp())) < 600 AS by_the_clock
  FROM jsonb_array_elements(pgaf_upgrade_report() -> 'steps') s WHERE s ->> 'state' <> 'pending' ORDER BY 1;
SELECT (pgaf_upgrade_report() -> 'at')::numeric BETWEEN extract(epoch FROM now())::numeric - 1 AND extract(epoch FROM clock_timestamp())::numeric + 1 AS of_now,
       pgaf_upgrade_report() ->> 'waiting_for' AS waiting_for, pgaf_upgrade_report() ->> 'note' AS note,
       (pgaf_upgrade_report() -> 'backups' -> 0 -> 'taken_at')::numeric = extract(epoch FROM timestamptz '2025-01-02 00:00Z') AS backup;

-- the numbers are those of the other functions
SELECT jsonb_array_length(r -> 'steps') = (SELECT steps FROM pgaf_upgrade_status()) AS steps,
       jsonb_array_length(r -> 'events') = (SELECT count(*) FROM pgaf_upgrade_events()) AS events,
       jsonb_array_length(r -> 'checks') = (SELECT count(*) FROM pgaf_upgrade_checks()) AS checks
  FROM pgaf_upgrade_report() r;

-- Writes are refused until the old cluster serves again, and no longer: the run is rolled back in the switch.
SELECT pgaf_upgrade_retry(1);
SELECT count(*) > 0 AS prepared FROM test.drive('{0,1,2}');
SELECT pgaf_upgrade_approve();
CREATE FUNCTION test.until(step text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE due text; id bigint;
BEGIN
  LOOP
    FOREACH id IN ARRAY '{2,1}'::bigint[] LOOP
      SELECT n.step INTO due FROM pgaf_upgrade_next_step(test.token(id)) n;
      CONTINUE WHEN due IS NULL;
      PERFORM pgaf_upgrade_begin_step(test.token(id), due);
      IF id = 1 AND due = $1 THEN RETURN; END IF;
      PERFORM pgaf_upgrade_finish_step(test.token(id), due);
    END LOOP;
  END LOOP;
END
$$;
SELECT test.until('start');
SELECT pgaf_upgrade_fail_step(test.token(1), 'start', 'it does not start');
-- a start that failed accepts no writes
SELECT writes_accepted_at IS NULL AS still_refused FROM pgaf_upgrade_history();
SELECT pgaf_upgrade_request_rollback(test.token(1), 'it does not start', false, true);
SELECT writes_accepted_at IS NULL AS still_refused FROM pgaf_upgrade_history();
SELECT pgaf_upgrade_finish_rollback(test.token(1), '{"undone": ["start", "swap", "stop"]}');
SELECT writes_accepted_at = (SELECT done_at FROM pgaf_upgrade.rollback WHERE nodeid = 1) AS since_the_rollback,
       writes_refused = writes_accepted_at - writes_refused_at AS no_longer FROM pgaf_upgrade_history();
SELECT pgaf_upgrade_finish_rollback(test.token(2), '{"undone": []}');
SELECT r ->> 'state' AS state, r -> 'waiting_for' AS waiting_for, r ->> 'end_reason' AS reason,
       jsonb_array_length(r -> 'maintenance') AS windows, jsonb_typeof(r -> 'maintenance' -> 0 -> 'ended_at') AS window_ended
  FROM pgaf_upgrade_report() r;
SELECT n ->> 'name' AS name, n -> 'undone' AS undone, jsonb_typeof(n -> 'rollback_done_at') AS back
  FROM jsonb_array_elements(pgaf_upgrade_report() -> 'nodes') n WHERE n ->> 'role' <> 'monitor';
DROP FUNCTION test.until;
SELECT test.reset();
