-- Checks, and when the operator may take the responsibility.
\pset null '-'
\pset format unaligned
SELECT test.two_formations();
SELECT pgaf_upgrade_start(18);
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM unnest('{0,1,2,4}'::bigint[]) i;

SELECT pgaf_upgrade_report_check(test.token(1), 'free_space', 'error', false, '1 GB', 'too little', 'Make room.'),
       pgaf_upgrade_report_check(test.token(4), 'free_space', 'error', false, '2 GB', 'too little', 'Make room.'),
       pgaf_upgrade_report_check(test.token(1), 'defaults_changed', 'warning', false, 'off', 'no checksums', NULL),
       pgaf_upgrade_report_check(test.token(1), 'names_are_free', 'error', false, 'some', 'they would be deleted', 'Move them.', true),
       pgaf_upgrade_report_check(test.token(2), 'tablespaces', 'error', false, 'inside', 'they would be deleted', NULL, true),
       pgaf_upgrade_report_check(test.token(0), 'free_space', 'error', true, '9 GB', NULL, NULL);

SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_report_check(test.token(1), NULL, 'error', true, NULL, NULL, NULL)$$,
  $$SELECT pgaf_upgrade_report_check(test.token(1), 'citus', NULL, true, NULL, NULL, NULL)$$,
  $$SELECT pgaf_upgrade_report_check(test.token(1), 'citus', 'fatal', true, NULL, NULL, NULL)$$,
  $$SELECT pgaf_upgrade_report_check(test.token(1), 'citus', 'error', NULL, NULL, NULL, NULL)$$,
  $$SELECT pgaf_upgrade_report_check(test.token(1), 'citus', 'error', true, NULL, NULL, NULL, NULL)$$,
  $$SELECT pgaf_upgrade_report_check(test.token(1), 'citus', 'warning', false, NULL, NULL, NULL, true)$$,
  $$SELECT pgaf_upgrade_waive_check(NULL, 'node_2', 'free_space', 'why')$$,
  $$SELECT pgaf_upgrade_waive_check(9, 'node_2', 'free_space', 'why')$$,
  $$SELECT pgaf_upgrade_waive_check(1, NULL, 'free_space', 'why')$$,
  $$SELECT pgaf_upgrade_waive_check(1, 'node_9', 'free_space', 'why')$$,
  $$SELECT pgaf_upgrade_waive_check(1, 'node_1', 'free_space', 'of which node?')$$,
  $$SELECT pgaf_upgrade_waive_check(1, '1', NULL, 'why')$$,
  $$SELECT pgaf_upgrade_waive_check(1, '1', 'nonsense', 'why')$$,
  $$SELECT pgaf_upgrade_waive_check(1, '1', 'free_space', NULL)$$,
  $$SELECT pgaf_upgrade_waive_check(1, '1', 'free_space', ' ')$$,
  $$SELECT pgaf_upgrade_waive_check(1, 'monitor', 'free_space', 'it has passed')$$,
  $$SELECT pgaf_upgrade_waive_check(1, '1', 'names_are_free', 'who needs them')$$,
  $$SELECT pgaf_upgrade_waive_check(1, 'node_2', 'tablespaces', 'who needs them')$$);

-- who waived, and why, is kept; of that node alone
SELECT pgaf_upgrade_waive_check(1, 'other/node_1', 'free_space', 'it grows'), pgaf_upgrade_waive_check(1, '1', 'free_space', 'it grows too');
SELECT node, check_name, severity, passed, found, data_loss, waived_by = session_user AS by_me, waive_reason FROM pgaf_upgrade_checks();
SELECT node, kind, message, by_user = session_user AS by_me FROM pgaf_upgrade_events() WHERE kind IN ('waived', 'check');

-- the same again keeps the waiver; a result that now means data loss takes it back, and so does another
SELECT pgaf_upgrade_report_check(test.token(1), 'free_space', 'error', false, '1 GB', 'too little', 'Make room.');
SELECT check_name, waive_reason FROM pgaf_upgrade_checks() WHERE waive_reason IS NOT NULL ORDER BY found;
SELECT pgaf_upgrade_report_check(test.token(1), 'free_space', 'error', false, '1 GB', 'too little', 'Make room.', true),
       pgaf_upgrade_report_check(test.token(4), 'free_space', 'error', false, '1 GB', 'too little', 'Make room.');
SELECT check_name, waive_reason FROM pgaf_upgrade_checks() WHERE waive_reason IS NOT NULL;
SELECT message, detail FROM test.refusal('SELECT pgaf_upgrade_approve()');

-- more of what was found; and the versions on each node, the last that were reported
SELECT pgaf_upgrade_report_check(test.token(1), 'parameters_changed', 'warning', false, 'one', 'gone', 'Nothing.', false, E'--- a\n+++ b');
SELECT check_name, detail FROM pgaf_upgrade_checks() WHERE detail IS NOT NULL;
SELECT pgaf_upgrade_report_software(test.token(1), '{"PostgreSQL 17": "17.5", "gone": "1"}'),
       pgaf_upgrade_report_software(test.token(2), '{"PostgreSQL 17": "17.6"}');
SELECT pgaf_upgrade_report_software(test.token(1), '{"PostgreSQL 17": "17.6", "pg_autoctl of 17": "2.2"}');
SELECT * FROM pgaf_upgrade_software();

-- a step that is done no longer holds: what was ready, or approved, prepares itself again; a step that comes later too
SELECT pgaf_upgrade_abort(1, 'enough');
SELECT pgaf_upgrade_start(18) AS run;
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM unnest('{0,1,2,4}'::bigint[]) i;
UPDATE pgaf_upgrade.step SET state = 'done' WHERE runid = 2 AND phase = 'prepare';
UPDATE pgaf_upgrade.run SET state = 'ready' WHERE runid = 2;
SELECT pgaf_upgrade_approve(2, 'infinity');
SELECT pgaf_upgrade_report_check(test.token(1), 'files_as_shown', 'error', false, '"pg_hba.conf" was edited', 'not shown', 'Look.');
SELECT pgaf_upgrade_fail_step(test.token(1), 'check', 'files_as_shown: "pg_hba.conf" was edited', 'Look.');
SELECT pgaf_upgrade_fail_step(test.token(1), 'check', 'again') AS unchanged;
SELECT state, failed, approved_at FROM pgaf_upgrade_status();
SELECT role, step, state FROM pgaf_upgrade_progress() WHERE phase = 'prepare' AND state <> 'done';
SELECT node, step, kind, state, message FROM pgaf_upgrade_events(2) WHERE eventid > (SELECT max(eventid) FROM pgaf_upgrade_events(2) WHERE kind = 'check');
SELECT message, detail FROM test.refusal($$SELECT pgaf_upgrade_approve(2)$$);
SELECT pgaf_upgrade_retry(2);
SELECT step FROM pgaf_upgrade_next_step(test.token(1));

-- once a node has begun the switch there is no way back there, but a check can still be waived
UPDATE pgaf_upgrade.step SET state = 'done' WHERE runid = 2 AND phase = 'prepare';
UPDATE pgaf_upgrade.run SET state = 'switching' WHERE runid = 2;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_fail_step(test.token(1), 'check', 'edited')$$);
SELECT pgaf_upgrade_waive_check(2, '1', 'files_as_shown', 'it was me');
UPDATE pgaf_upgrade.run SET state = 'ready' WHERE runid = 2;
SELECT pgaf_upgrade_abort(2, 'enough');

-- a run that has ended
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_waive_check(1, '4', 'free_space', 'too late')$$);
SELECT test.reset();
