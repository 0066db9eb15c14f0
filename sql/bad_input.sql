-- What is refused, function by function: null in each argument, names and numbers that mean nothing, a
-- run that has ended. Every refusal has an SQLSTATE of ours and a hint, and leaves everything as it was.
-- The functions with a test of their own (maintenance, backup, checks, validate, sysidentifier, plan)
-- have the rest there.
\pset null '-'
\pset format unaligned
SELECT test.reset();
SELECT test.node(1, 'primary'), test.node(2, 'secondary');
SELECT pgaf_upgrade_start(18);
SELECT pgaf_upgrade_abort(1, 'to have one that has ended');
SELECT pgaf_upgrade_start(18);
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host')) FROM generate_series(0, 2) i;
SELECT pgaf_upgrade_begin_step(test.token(1), 'discover');

-- null in every argument, one at a time, beside values that would do; the functions that only show take null for the newest
CREATE TEMP TABLE good (name text, arguments text[]);
INSERT INTO good VALUES
  ('plan', '{18,NULL,NULL,true,''link'',''basebackup'',NULL,NULL,''stay''}'), ('start', '{18,NULL,NULL,true,''link'',''basebackup'',NULL,NULL,''stay''}'),
  ('approve', '{2,NULL}'), ('release', '{2}'), ('abort', '{2,''why''}'), ('retry', '{2,''discover'',''why''}'),
  ('waive_check', '{2,''node_1'',''free_space'',''why''}'), ('acknowledge', '{2,''seen''}'),
  ('record_backup', '{''label'',''tool'',''2025-01-01'',''default'',''node_1'',''there'',''2025-01-02'',''note''}'),
  ('record_maintenance', '{''node_2'',''begin'',''why''}'),
  ('validate_sysidentifier', '{''default'',0,7000000000000000009}'), ('rewrite_sysidentifier', '{''default'',0,7000000000000000001,7000000000000000009}'),
  ('attach', '{1,test.token(1),''1.0'',''host'',true,true}'), ('next_step', '{test.token(1)}'), ('begin_step', '{test.token(1),''discover''}'),
  ('heartbeat', '{test.token(1),''discover'',''half''}'), ('finish_step', '{test.token(1),''discover'',"''{}''"}'),
  ('fail_step', '{test.token(1),''discover'',''no'',''Try.'',''much''}'),
  ('report_check', '{test.token(1),''free_space'',''error'',false,''1 GB'',''too little'',''Make room.'',false,NULL}'),
  ('report_software', '{test.token(1),"''{}''"}'),
  ('sync_journal', '{test.token(1),''[]''}'),
  ('rollback', '{2,''why'',false}'), ('request_rollback', '{test.token(1),''why'',false,false,false}'), ('finish_rollback', '{test.token(1),"''{}''"}'),
  ('cleanup', '{3}'), ('begin_cleanup', '{2,1,test.token(1),3}'),
  ('finish_cleanup', '{2,1,test.token(1),"''{\"by\": \"me\", \"removed\": [], \"freed_bytes\": 0}''"}'),
  ('verify_hba', '{''default''}'), ('required_hba', '{''default''}'), ('match_hba', '{''app'',''shop'',''10.0.0.1'',true,false}'),
  ('report_hba', '{test.token(1),''before'',''[]''}'),
  ('status', '{2}'), ('progress', '{2}'), ('checks', '{2}'), ('software', '{2}'), ('events', '{2}'), ('report', '{2,true}');
-- none is forgotten: those without arguments have none that could be null
SELECT p.proname AS not_tried FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
  JOIN pg_extension e ON e.oid = d.refobjid AND e.extnamespace = p.pronamespace
 WHERE e.extname = 'pgaf_upgrade' AND p.pronargs > 0 AND p.proname <> ALL (SELECT 'pgaf_upgrade_' || name FROM good)
UNION ALL
SELECT name FROM good WHERE cardinality(arguments) <> (SELECT pronargs FROM pg_proc WHERE proname = 'pgaf_upgrade_' || name);

CREATE TEMP TABLE tried AS
SELECT g.name, p.proargnames[i] AS null_argument,
       (test.refusal(format('SELECT * FROM pgaf_upgrade_%s(%s)', g.name, array_to_string(g.arguments[:i - 1] || 'NULL'::text || g.arguments[i + 1:], ', ', 'NULL')))).*
  FROM good g JOIN pg_proc p ON p.proname = 'pgaf_upgrade_' || g.name, generate_subscripts(g.arguments, 1) i;
SELECT name, string_agg(null_argument, ', ') FILTER (WHERE code <> 'TEST0') AS refuses_null_in,
       string_agg(null_argument, ', ') FILTER (WHERE code = 'TEST0') AS takes_null_in
  FROM tried GROUP BY name ORDER BY name COLLATE "C";
-- and says so, with what to do
SELECT count(*) AS refused, count(*) FILTER (WHERE code LIKE 'PU0__') AS own_sqlstate, count(*) FILTER (WHERE hint <> '') AS with_hint,
       count(*) FILTER (WHERE position(null_argument IN message) > 0) AS named
  FROM tried WHERE code <> 'TEST0' AND name NOT IN ('plan', 'start', 'approve', 'rewrite_sysidentifier');
SELECT DISTINCT name, null_argument, code, message FROM tried WHERE name IN ('plan', 'start', 'approve', 'rewrite_sysidentifier') AND code <> 'TEST0' ORDER BY 1, 2;

-- the operator's functions
SELECT refused FROM test.refusals(
  'SELECT pgaf_upgrade_approve(99)', 'SELECT pgaf_upgrade_approve(-1)', 'SELECT pgaf_upgrade_approve(9223372036854775807)',
  'SELECT pgaf_upgrade_approve(1)', 'SELECT pgaf_upgrade_approve(2)',
  $$SELECT pgaf_upgrade_abort(99, 'why')$$, $$SELECT pgaf_upgrade_abort(2, '')$$,
  $$SELECT pgaf_upgrade_rollback(99, 'why')$$, $$SELECT pgaf_upgrade_rollback(2, '')$$,
  'SELECT pgaf_upgrade_retry(99)', 'SELECT pgaf_upgrade_retry(1)', $$SELECT pgaf_upgrade_retry(2, 'nonsense')$$,
  $$SELECT pgaf_upgrade_waive_check(1, 'node_1', 'free_space', 'why')$$);
BEGIN;
UPDATE pgaf_upgrade.run SET state = 'finished' WHERE runid = 2;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_abort(2, 'why')$$, $$SELECT pgaf_upgrade_rollback(2, 'why')$$, 'SELECT pgaf_upgrade_retry(2)', 'SELECT pgaf_upgrade_approve(2)',
  'SELECT pgaf_upgrade_approve()', $$SELECT pgaf_upgrade_begin_step(test.token(1), 'check')$$);
ROLLBACK;
BEGIN;
UPDATE pgaf_upgrade.run SET state = 'switching' WHERE runid = 2;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_abort(2, 'why')$$, $$SELECT pgaf_upgrade_waive_check(2, 'node_1', 'free_space', 'why')$$);
ROLLBACK;
BEGIN;
UPDATE pgaf_upgrade.run SET state = 'rolling_back' WHERE runid = 2;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_abort(2, 'why')$$, 'SELECT pgaf_upgrade_approve(2)');
ROLLBACK;
BEGIN;
INSERT INTO pgaf_upgrade.run (include_monitor, target_version, method, standby_method) VALUES (false, 18, 'link', 'basebackup');
SELECT refused FROM test.refusals('SELECT pgaf_upgrade_approve()');
ROLLBACK;

-- the helpers' protocol
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_attach(99, test.token(1), '1.0', 'host')$$, $$SELECT pgaf_upgrade_attach(-1, test.token(1), '1.0', 'host')$$,
  $$SELECT pgaf_upgrade_attach(1, test.token(1), '', 'host')$$, $$SELECT pgaf_upgrade_attach(1, test.token(1), '2.0', 'host')$$,
  'SELECT * FROM pgaf_upgrade_next_step(test.token(99))',
  $$SELECT pgaf_upgrade_begin_step(test.token(99), 'discover')$$, $$SELECT pgaf_upgrade_begin_step(test.token(1), 'nonsense')$$,
  $$SELECT pgaf_upgrade_begin_step(test.token(1), 'rebuild')$$, $$SELECT pgaf_upgrade_begin_step(test.token(1), 'stop')$$,
  $$SELECT pgaf_upgrade_heartbeat(test.token(99))$$, $$SELECT pgaf_upgrade_heartbeat(test.token(1), 'nonsense')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(99), 'discover')$$, $$SELECT pgaf_upgrade_finish_step(test.token(1), 'nonsense')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'check')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"source_version": "old"}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"source_version": 99999999999}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"source_version": 18}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"old_sysidentifier": 0}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"old_sysidentifier": -1}')$$,
  $$SELECT pgaf_upgrade_fail_step(test.token(99), 'discover', 'no')$$, $$SELECT pgaf_upgrade_fail_step(test.token(1), 'check', 'no')$$,
  $$SELECT pgaf_upgrade_report_check(test.token(99), 'citus', 'error', true, NULL, NULL, NULL)$$,
  $$SELECT pgaf_upgrade_report_software(test.token(99), '{}')$$, $$SELECT pgaf_upgrade_report_software(test.token(1), '[]')$$,
  $$SELECT pgaf_upgrade_report_software(test.token(1), '{"a": 1}')$$, $$SELECT pgaf_upgrade_report_software(test.token(1), '{"a": null}')$$,
  $$SELECT pgaf_upgrade_report_hba(test.token(99), 'before', '[]')$$, $$SELECT pgaf_upgrade_report_hba(test.token(1), 'now', '[]')$$,
  $$SELECT pgaf_upgrade_report_hba(test.token(1), 'before', '{}')$$, $$SELECT pgaf_upgrade_report_hba(test.token(1), 'before', '[1]')$$,
  $$SELECT pgaf_upgrade_request_rollback(test.token(99), 'why')$$, $$SELECT pgaf_upgrade_request_rollback(test.token(1), '')$$,
  $$SELECT pgaf_upgrade_finish_rollback(test.token(99), '{}')$$,
  $$SELECT pgaf_upgrade_sync_journal(test.token(99), '[]')$$, $$SELECT pgaf_upgrade_sync_journal(test.token(1), '{}')$$,
  $$SELECT pgaf_upgrade_sync_journal(test.token(1), 'null')$$, $$SELECT pgaf_upgrade_sync_journal(test.token(1), '[1]')$$,
  $$SELECT pgaf_upgrade_sync_journal(test.token(1), '[{"step": "nonsense", "state": "done", "finished_at": "2025-01-01"}]')$$,
  $$SELECT pgaf_upgrade_sync_journal(test.token(1), '[{"step": "discover", "state": "pending", "finished_at": "2025-01-01"}]')$$,
  $$SELECT pgaf_upgrade_sync_journal(test.token(1), '[{"step": "start", "state": "done", "finished_at": "2025-01-01"}]')$$);
-- of pg_hba.conf
SELECT refused FROM test.refusals($$SELECT * FROM pgaf_upgrade_verify_hba('nonsense')$$, $$SELECT * FROM pgaf_upgrade_required_hba('nonsense')$$,
  $$SELECT * FROM pgaf_upgrade_match_hba('app', 'shop', '10.0.0.0/8')$$, $$SELECT * FROM pgaf_upgrade_match_hba('', 'shop', '10.0.0.1')$$);
-- a result that is no object has nothing to tell, as before
SELECT code FROM test.refusal($$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '[1, 2]')$$);

-- what is shown: a run that there is not is no row, whatever number it is
SELECT (SELECT count(*) FROM pgaf_upgrade_status(99)) AS status, (SELECT count(*) FROM pgaf_upgrade_progress(-1)) AS progress,
       (SELECT count(*) FROM pgaf_upgrade_checks(0)) AS checks, (SELECT count(*) FROM pgaf_upgrade_events(9223372036854775807)) AS events;

-- nothing of all this left a trace
SELECT state, count(*) FROM pgaf_upgrade.run GROUP BY state ORDER BY state;
SELECT name, state FROM pgaf_upgrade.step WHERE runid = 2 AND state <> 'pending';
SELECT (SELECT count(*) FROM pgaf_upgrade.check_result) AS checks, (SELECT count(*) FROM pgaf_upgrade.maintenance) AS maintenance,
       (SELECT count(*) FROM pgaf_upgrade.backup) AS backups, (SELECT count(*) FROM pgaf_upgrade.sysidentifier_change) AS changes;
SELECT kind, state, count(*) FROM pgaf_upgrade.event GROUP BY kind, state ORDER BY kind, state;
SELECT test.reset();
