-- What whoever may log in as autoctl_node can tell the monitor, and what becomes of it: it is refused in one line, and
-- nothing that it tells is in the way of what is shown.
\pset null '-'
\pset format unaligned
SELECT test.reset();
DELETE FROM pgaf_upgrade.hba_report;
SELECT test.node(1, 'primary'), test.node(2, 'secondary');
SELECT pgaf_upgrade_start(18);
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM generate_series(0, 2) i;

-- all that is shown, to the end: how many rows, or that there is a document
CREATE FUNCTION test.all_shown() RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', (SELECT count(s::text) FROM pgaf_upgrade_status() s), (SELECT count(p::text) > 0 FROM pgaf_upgrade_progress() p),
                   (SELECT count(c::text) >= 0 FROM pgaf_upgrade_checks() c), (SELECT count(e::text) > 0 FROM pgaf_upgrade_events() e),
                   (SELECT count(h::text) FROM pgaf_upgrade_history() h), (SELECT count(s::text) >= 0 FROM pgaf_upgrade_software() s),
                   (SELECT count(b::text) >= 0 FROM pgaf_upgrade_backups() b), (SELECT count(v::text) > 0 FROM pgaf_upgrade_verify_hba() v),
                   length(pgaf_upgrade_report()::text) > 0)
$$;
SELECT test.all_shown();

SET SESSION AUTHORIZATION autoctl_node;
-- leases and names
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_attach(1, test.token(1), '1.0', repeat('h', 256))$$,
  $$SELECT pgaf_upgrade_attach(1, test.token(1), '1.0', E'host\x1b[31m')$$,
  $$SELECT pgaf_upgrade_attach(1, test.token(1), '1.0', E'host\u202e')$$,
  $$SELECT pgaf_upgrade_attach(1, test.token(1), '1.0', E'host\nanother')$$,
  $$SELECT pgaf_upgrade_attach(1, test.token(1), '1.0', ' ')$$,
  $$SELECT pgaf_upgrade_attach(1, test.token(1), repeat('1', 256), 'host')$$);

-- what a step has learned
SELECT pgaf_upgrade_begin_step(test.token(1), 'discover');
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '1')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '[]')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', 'null')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"size": 7}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"size": {"bytes": "many"}}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"size": {"bytes": -1}}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"size": {"bytes": 1.5}}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"size": {"bytes": 1e300}}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"size": {"bytes": 99999999999999999999}}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"seconds": "not a number"}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"parts": [{"part": "a"}]}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"parts": {"part": "a", "seconds": 1}}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"pgdata": ["/data"]}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"pgdata": ""}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"old_server_version": "15\u001b]0;x\u0007"}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', (repeat('[', 20) || repeat(']', 20))::jsonb)$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', jsonb_build_object('pgdata', '/' || repeat('a', 4096)))$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', jsonb_build_object('anything', repeat('a', 1024 * 1024)))$$);
SELECT state, result FROM pgaf_upgrade.step WHERE nodeid = 1 AND name = 'discover';
SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"size": {"bytes": 9007199254740992}, "pgdata": "/data", "seconds": 0.5, "else": [1, {"a": null}]}');
SELECT pgaf_upgrade_begin_step(test.token(1), 'check');
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'check', '{"estimate": {"seconds": "not a number"}}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'check', '{"estimate": {"seconds": 1e10}}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'check', '{"estimate": {"seconds": -1}}')$$);
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_heartbeat(test.token(1), 'check', repeat('a', 65537))$$,
  $$SELECT pgaf_upgrade_fail_step(test.token(1), 'check', repeat('a', 65537))$$,
  $$SELECT pgaf_upgrade_fail_step(test.token(1), 'check', 'no', hint => repeat('a', 65537))$$,
  $$SELECT pgaf_upgrade_fail_step(test.token(1), 'check', 'no', detail => repeat('a', 65537))$$);

-- checks
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_report_check(test.token(1), 'made_up', 'error', false, 'a', 'b', 'c')$$,
  $$SELECT pgaf_upgrade_report_check(test.token(1), repeat('x', 1000), 'error', false, 'a', 'b', 'c')$$,
  $$SELECT pgaf_upgrade_report_check(test.token(1), E'citus\r', 'error', false, 'a', 'b', 'c')$$,
  $$SELECT pgaf_upgrade_report_check(test.token(1), 'citus', E'error\x1b', false, 'a', 'b', 'c')$$,
  $$SELECT pgaf_upgrade_report_check(test.token(1), 'citus', 'error', false, repeat('a', 65537), 'b', 'c')$$,
  $$SELECT pgaf_upgrade_report_check(test.token(1), 'citus', 'error', false, 'a', repeat('b', 65537), 'c')$$,
  $$SELECT pgaf_upgrade_report_check(test.token(1), 'citus', 'error', false, 'a', 'b', repeat('c', 65537))$$);

-- What a terminal would obey is seen: of what is told, and of an error of ours, which psql prints as it is.
SELECT pgaf_upgrade_report_check(test.token(2), 'citus', 'warning', false, E'a\x1b[2Jb\u202ec\u0085d', E'two\nlines', NULL);
SELECT found, meaning FROM pgaf_upgrade_checks() WHERE check_name = 'citus';
SELECT message FROM pgaf_upgrade_events() WHERE kind = 'check' AND message ~ 'citus';
RESET SESSION AUTHORIZATION;
SELECT pgaf_upgrade_waive_check(1, E'no\x1b[2J\nde\u202e', 'citus', 'why');
SET SESSION AUTHORIZATION autoctl_node;

-- what a node did without the monitor
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_sync_journal(test.token(2), '[{"step": "discover", "state": "done", "finished_at": "infinity"}]')$$,
  $$SELECT pgaf_upgrade_sync_journal(test.token(2), '[{"step": "discover", "state": "done", "finished_at": "1999-12-31"}]')$$,
  $$SELECT pgaf_upgrade_sync_journal(test.token(2), '[{"step": "discover", "state": "done", "finished_at": "2025-02-30"}]')$$,
  $$SELECT pgaf_upgrade_sync_journal(test.token(2), '[{"step": "discover", "state": "done", "finished_at": "tomorrow"}]')$$,
  $$SELECT pgaf_upgrade_sync_journal(test.token(2), '[{"step": "discover", "state": "done", "finished_at": 5}]')$$,
  $$SELECT pgaf_upgrade_sync_journal(test.token(2), '[{"step": "discover", "state": "done", "finished_at": "2025-01-01", "started_at": "-infinity"}]')$$,
  $$SELECT pgaf_upgrade_sync_journal(test.token(2), '[{"step": "discover", "state": "done", "finished_at": "2025-01-01", "result": "x"}]')$$,
  $$SELECT pgaf_upgrade_sync_journal(test.token(2), '[{"step": "discover", "state": "done", "finished_at": "2025-01-01", "result": {"size": {"bytes": "x"}}}]')$$,
  $$SELECT pgaf_upgrade_sync_journal(test.token(2), '[{"step": "discover", "state": "failed", "finished_at": "2025-01-01", "error": 7}]')$$);
SELECT pgaf_upgrade_sync_journal(test.token(2), '[{"step": "discover", "state": "done", "finished_at": "2025-01-01 00:00:02.5+00", "result": null}]') AS taken;

-- programs
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_report_software(test.token(1), '{"PostgreSQL 17\n": "17.6"}')$$,
  $$SELECT pgaf_upgrade_report_software(test.token(1), '{"PostgreSQL 17": "\u001b"}')$$,
  $$SELECT pgaf_upgrade_report_software(test.token(1), (SELECT jsonb_object_agg(i, repeat('1', 200)) FROM generate_series(1, 1000) i))$$);

-- access rules: whether a need is met, and by which line; nothing that is handed out
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_report_hba(test.token(1), 'before', jsonb_build_array(e || '{"line_number": 99999999999}')) FROM (SELECT '{"connection": "health check", "client_nodeid": 0, "client": "monitor", "user_name": "u", "host": "h", "database": "d", "encrypted": true, "verdict": "ok"}'::jsonb) t (e)$$,
  $$SELECT pgaf_upgrade_report_hba(test.token(1), 'before', jsonb_build_array(e || '{"line_number": "1"}')) FROM (SELECT '{"connection": "health check", "client_nodeid": 0, "client": "monitor", "user_name": "u", "host": "h", "database": "d", "encrypted": true, "verdict": "ok"}'::jsonb) t (e)$$,
  $$SELECT pgaf_upgrade_report_hba(test.token(1), 'before', jsonb_build_array(e || '{"method": "trust\n"}')) FROM (SELECT '{"connection": "health check", "client_nodeid": 0, "client": "monitor", "user_name": "u", "host": "h", "database": "d", "encrypted": true, "verdict": "ok"}'::jsonb) t (e)$$,
  $$SELECT pgaf_upgrade_report_hba(test.token(1), 'before', jsonb_build_array(e || '{"client": "\u202emonitor"}')) FROM (SELECT '{"connection": "health check", "client_nodeid": 0, "client": "monitor", "user_name": "u", "host": "h", "database": "d", "encrypted": true, "verdict": "ok"}'::jsonb) t (e)$$);
SELECT pgaf_upgrade_report_hba(test.token(1), 'before', '[{"connection": "health check", "client_nodeid": 0, "client": "monitor", "user_name": "u", "host": "h", "database": "d", "encrypted": true, "verdict": "no match", "required_line": "host all all 0.0.0.0/0 trust", "advice": "ready to append"}]');
SELECT line FROM pgaf_upgrade_required_hba() WHERE line ~ '0\.0\.0\.0|all';
SELECT required_line FROM pgaf_upgrade_verify_hba() WHERE required_line ~ '0\.0\.0\.0|all' OR advice ~ 'append it';

-- backups: what a node says of one is its own word, and the operator's word is not changed by it
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_record_backup(repeat('l', 256), 'pg_basebackup', '2025-01-07', node => '1')$$,
  $$SELECT pgaf_upgrade_record_backup(E'l\x1b', 'pg_basebackup', '2025-01-07', node => '1')$$,
  $$SELECT pgaf_upgrade_record_backup('l', E'pg_base\nbackup', '2025-01-07', node => '1')$$,
  $$SELECT pgaf_upgrade_record_backup('l', 'pg_basebackup', '2025-01-07', node => '1', location => repeat('/', 4097))$$,
  $$SELECT pgaf_upgrade_record_backup('l', 'pg_basebackup', '2025-01-07', node => '1', note => repeat('n', 65537))$$);
SELECT pgaf_upgrade_record_backup('theirs', 'pg_basebackup', '2025-01-07', node => '1', verified_at => '2025-01-08') > 0 AS recorded;
RESET SESSION AUTHORIZATION;
SELECT pgaf_upgrade_record_backup('ours', 'pg_basebackup', '2025-01-07', node => '1') > 0 AS recorded;
SET SESSION AUTHORIZATION autoctl_node;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_record_backup('ours', 'pg_basebackup', '2025-01-07', node => '1', verified_at => '2025-01-08')$$);
SELECT label, claimed, recorded_by = 'autoctl_node' AS by_node, verified_at IS NOT NULL AS verified FROM pgaf_upgrade_backups() ORDER BY label;
RESET SESSION AUTHORIZATION;
-- what the operator adds makes it his own
SELECT pgaf_upgrade_record_backup('theirs', 'pg_basebackup', '2025-01-07', node => '1', note => 'restored it') > 0 AS recorded;
SELECT label, claimed, recorded_by = session_user AS by_me FROM pgaf_upgrade_backups() WHERE label = 'theirs';
SELECT message, by_user = session_user AS by_me, by_address FROM pgaf_upgrade_events() WHERE kind = 'backup';
SELECT test.all_shown();

-- the secret of a lease is nowhere to be read
SELECT count(*) AS with_a_secret FROM pgaf_upgrade.node n, pgaf_upgrade.step s
 WHERE n::text LIKE '%' || test.token(1) || '%' OR s::text LIKE '%' || test.token(1) || '%' OR pgaf_upgrade_report()::text LIKE '%' || test.token(1) || '%';

-- Rows of a time when it could be told, or of a superuser's hand: what cannot be read is said, and in the way of nothing.
UPDATE pgaf_upgrade.step SET result = '1' WHERE nodeid = 1 AND name = 'discover';
UPDATE pgaf_upgrade.step SET result = '{"estimate": {"seconds": "not a number"}}', state = 'done', finished_at = 'infinity' WHERE nodeid = 1 AND name = 'check';
UPDATE pgaf_upgrade.step SET result = '{"files": "x", "changes": [1]}', started_at = '-infinity', state = 'done' WHERE nodeid = 2 AND name = 'configure';
UPDATE pgaf_upgrade.step SET result = '{"size": {"bytes": "x"}}' WHERE nodeid = 2 AND name = 'discover';
UPDATE pgaf_upgrade.step SET result = '{"files": [1]}', state = 'done' WHERE name IN ('stop', 'carry', 'rebuild');
UPDATE pgaf_upgrade.step SET result = '{"estimate": {"seconds": 1e300}}', state = 'done' WHERE nodeid = 2 AND name = 'check';
UPDATE pgaf_upgrade.node SET software = '[1]' WHERE nodeid = 1;
UPDATE pgaf_upgrade.hba_report SET connection = 'unknown', verdict = 'unknown' WHERE nodeid = 1;
SELECT test.all_shown();
SELECT node, step, progress FROM pgaf_upgrade_progress() WHERE progress LIKE 'not readable%' ORDER BY 1, 2;

DROP FUNCTION test.all_shown;
DELETE FROM pgaf_upgrade.hba_report;
SELECT test.reset();
