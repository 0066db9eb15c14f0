-- A run with the monitor and one secondary, as three helpers would carry it out.
\pset null '-'
SELECT test.reset();
SELECT test.node(1, 'primary'), test.node(2, 'secondary');

-- no run, no work; but a node that the monitor does not know is an error
SELECT pgaf_upgrade_attach(1, test.token(1), '1.0', 'host1');
SELECT pgaf_upgrade_attach(0, test.token(0), '1.0', 'monitor');
SELECT pgaf_upgrade_attach(99, test.token(99), '1.0', 'host99');
SELECT pgaf_upgrade_approve();

SELECT pgaf_upgrade_start(18);
SELECT jsonb_pretty(pgaf_upgrade_attach(1, test.token(1), '1.0', 'host1') - 'steps' - 'source_version' - 'started_at');
SELECT pgaf_upgrade_attach(1, test.token(1), '1.0', 'host1') -> 'steps' -> 0 AS first_step;
SELECT waiting_for FROM pgaf_upgrade_status();
SELECT pgaf_upgrade_attach(0, test.token(0), '1.0', 'monitor') -> 'group' -> 0 ->> 'host' AS monitor_host;
SELECT pgaf_upgrade_attach(2, test.token(2), '1.0', 'host2') -> 'node' ->> 'role' AS role;
SELECT waiting_for FROM pgaf_upgrade_status();

-- one step, and every call twice
SELECT * FROM pgaf_upgrade_next_step(test.token(2));
SELECT pgaf_upgrade_begin_step(test.token(2), 'discover');
SELECT pgaf_upgrade_begin_step(test.token(2), 'discover') AS same_attempt;
SELECT * FROM pgaf_upgrade_next_step(test.token(2));
SELECT pgaf_upgrade_heartbeat(test.token(2)), pgaf_upgrade_heartbeat(test.token(2), 'discover', 'half way');
SELECT node, step, state, attempt, progress FROM pgaf_upgrade_progress() WHERE state <> 'pending';
SELECT waiting_for FROM pgaf_upgrade_status();
SELECT pgaf_upgrade_finish_step(test.token(2), 'discover', '{"found": "all"}');
SELECT pgaf_upgrade_finish_step(test.token(2), 'discover', '{"found": "again"}') AS unchanged;
SELECT state, attempts, progress, result FROM pgaf_upgrade.step WHERE nodeid = 2 AND name = 'discover';

-- what is not due, not begun or not known
SELECT pgaf_upgrade_begin_step(test.token(2), 'discover');
SELECT pgaf_upgrade_begin_step(test.token(2), 'stop');
SELECT pgaf_upgrade_begin_step(test.token(1), 'check');
SELECT pgaf_upgrade_begin_step(test.token(1), 'rebuild');
SELECT pgaf_upgrade_finish_step(test.token(1), 'discover');
SELECT pgaf_upgrade_fail_step(test.token(1), 'discover', 'never begun');
SELECT pgaf_upgrade_begin_step(test.token(77), 'discover');
SELECT pgaf_upgrade_begin_step(NULL, 'discover');
SELECT pgaf_upgrade_begin_step(test.token(1), NULL);
SELECT pgaf_upgrade_finish_step(test.token(1), NULL, NULL);
SELECT pgaf_upgrade_fail_step(test.token(1), 'discover', NULL);
SELECT pgaf_upgrade_next_step(NULL);
SELECT pgaf_upgrade_heartbeat(NULL);
SELECT pgaf_upgrade_attach(NULL, NULL, NULL, NULL);

-- a step that fails, and is tried again
SELECT pgaf_upgrade_begin_step(test.token(2), 'check');
SELECT pgaf_upgrade_fail_step(test.token(2), 'check', 'PostgreSQL 18 is not installed', 'Install it.', 'looked everywhere');
SELECT pgaf_upgrade_fail_step(test.token(2), 'check', 'again') AS unchanged;
SELECT * FROM pgaf_upgrade_next_step(test.token(2));
SELECT failed, waiting_for FROM pgaf_upgrade_status();
SELECT step, state, error, hint FROM pgaf_upgrade_progress() WHERE state = 'failed';
SELECT pgaf_upgrade_begin_step(test.token(2), 'check');
SELECT pgaf_upgrade_retry(1, 'nonsense');
SELECT pgaf_upgrade_retry(1, 'dry_run') AS none;
SELECT pgaf_upgrade_retry(1);
SELECT pgaf_upgrade_begin_step(test.token(2), 'check') AS second_attempt;

-- identifiers are read from results, and must be ones
SELECT pgaf_upgrade_begin_step(test.token(1), 'discover');
SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"old_sysidentifier": "not one"}');
SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"source_version": 18}');

-- an error of PostgreSQL's own keeps its SQLSTATE, and the transaction can go on
SELECT test.sqlstate($$SELECT pgaf_upgrade_sync_journal(test.token(1), '[{"step": "discover", "state": "done", "finished_at": "soon"}]')$$);
SELECT state FROM pgaf_upgrade.step WHERE nodeid = 1 AND name = 'discover';

-- checks
SELECT pgaf_upgrade_report_check(test.token(2), 'free_space', 'error', false, '1 GB free', 'too little', 'Make room.');
SELECT pgaf_upgrade_report_check(test.token(2), 'defaults_changed', 'warning', false, 'off', 'no checksums', NULL);
SELECT pgaf_upgrade_report_check(test.token(2), 'database_locales', 'note', true, 'C', NULL, NULL);
SELECT pgaf_upgrade_report_check(test.token(2), 'free_space', 'fatal', false, NULL, NULL, NULL);
SELECT pgaf_upgrade_report_check(test.token(2), 'free_space', 'error', NULL, NULL, NULL, NULL);
SELECT node, check_name, severity, passed, found, meaning, remedy FROM pgaf_upgrade_checks();
SELECT pgaf_upgrade_approve();
SELECT pgaf_upgrade_waive_check(1, 'node_2', 'nonsense', 'why');
SELECT pgaf_upgrade_waive_check(1, 'node_2', 'free_space', 'more is on its way');
SELECT pgaf_upgrade_approve();
-- the waiver was for 1 GB
SELECT pgaf_upgrade_report_check(test.token(2), 'free_space', 'error', false, '1 MB free', 'too little', 'Make room.');
SELECT test.sqlstate('SELECT pgaf_upgrade_approve()');
SELECT pgaf_upgrade_finish_step(test.token(2), 'check');

-- the rest of the preparation
SELECT pgaf_upgrade_finish_step(test.token(1), 'discover');
SELECT test.drive('{0,1,2}');
SELECT run, state, steps_done, steps, waiting_for FROM pgaf_upgrade_status();
SELECT * FROM pgaf_upgrade_next_step(test.token(1));
SELECT pgaf_upgrade_begin_step(test.token(1), 'relax_sync');

-- the gate
SELECT pgaf_upgrade_approve(1);
SELECT pgaf_upgrade_report_check(test.token(2), 'free_space', 'error', true, '100 GB free', NULL, NULL);
BEGIN;
SELECT test.state(1, 'secondary'), test.state(2, 'primary');
SELECT pgaf_upgrade_approve(1);
ROLLBACK;
BEGIN;
SELECT test.state(2, 'secondary', 'catchingup');
SELECT test.sqlstate('SELECT pgaf_upgrade_approve(1)');
ROLLBACK;
BEGIN;
SELECT test.node(3, 'secondary');
SELECT pgaf_upgrade_approve(1);
ROLLBACK;
SELECT pgaf_upgrade_approve(1, 'infinity');
SELECT pgaf_upgrade_begin_step(test.token(1), 'relax_sync');
SELECT waiting_for FROM pgaf_upgrade_status();
SELECT pgaf_upgrade_approve(1);
SELECT pgaf_upgrade_approve() AS unchanged;

-- a failover before the first step of the switch
BEGIN;
SELECT test.state(1, 'demoted'), test.state(2, 'wait_primary');
SELECT pgaf_upgrade_begin_step(test.token(1), 'relax_sync');
ROLLBACK;

BEGIN;
-- when the switch has begun there is no way but forward
SELECT pgaf_upgrade_begin_step(test.token(1), 'relax_sync'), pgaf_upgrade_finish_step(test.token(1), 'relax_sync');
SELECT test.state(1, 'demoted'), test.state(2, 'wait_primary');
SELECT pgaf_upgrade_begin_step(test.token(2), 'enter_maintenance');
ROLLBACK;

-- the switch; a secondary that is on its way into maintenance is no failover
SELECT pgaf_upgrade_begin_step(test.token(1), 'relax_sync');
SELECT state FROM pgaf_upgrade_status();
SELECT pgaf_upgrade_abort(1, 'too late');
SELECT test.state(1, 'primary', 'apply_settings');
SELECT pgaf_upgrade_finish_step(test.token(1), 'relax_sync');
SELECT test.state(2, 'secondary', 'wait_maintenance');
SELECT pgaf_upgrade_begin_step(test.token(2), 'enter_maintenance');
SELECT pgaf_upgrade_finish_step(test.token(2), 'enter_maintenance');
SELECT nodename, started_at IS NOT NULL AS began, ended_at IS NOT NULL AS ended, reason FROM pgaf_upgrade.maintenance;
SELECT writes_refused IS NULL AS not_yet FROM pgaf_upgrade_status();
SELECT test.drive('{0,1,2}');
SELECT state, steps_done = steps AS all_done, waiting_for, writes_refused > '0' AS refused,
       redundancy_after > writes_refused AS redundant_later, ended_at IS NOT NULL AS ended
  FROM pgaf_upgrade_status();
SELECT ended_at IS NOT NULL AS ended FROM pgaf_upgrade.maintenance;
SELECT nodename, test.plain(new_sysidentifier::text) AS new_sysidentifier FROM pgaf_upgrade.node ORDER BY nodeid;

-- after the end
SELECT * FROM pgaf_upgrade_next_step(test.token(1));
SELECT pgaf_upgrade_finish_step(test.token(1), 'verify') AS lost_answer;
SELECT pgaf_upgrade_heartbeat(test.token(1));
SELECT pgaf_upgrade_begin_step(test.token(1), 'verify');
SELECT pgaf_upgrade_approve(1);
SELECT pgaf_upgrade_retry(1);
SELECT pgaf_upgrade_abort(1, 'done');
SELECT ordinal, node, step, guide_step, phase, state, attempt FROM pgaf_upgrade_progress();
SELECT node, step, kind, state, message FROM pgaf_upgrade_events() WHERE kind <> 'step' OR state = 'failed';
SELECT test.reset();
