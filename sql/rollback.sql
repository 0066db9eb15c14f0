-- A run that is rolled back in the switch: each node that was touched undoes its part, and tells it.
\pset null '-'
SELECT test.reset();
SELECT test.node(1, 'primary'), test.node(2, 'secondary');
SELECT pgaf_upgrade_start(18);
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM generate_series(0, 2) i;
SELECT count(*) AS prepared FROM test.drive('{0,1,2}');
SELECT pgaf_upgrade_approve();
SELECT pgaf_upgrade_begin_step(test.token(1), 'relax_sync');
SELECT pgaf_upgrade_finish_step(test.token(1), 'relax_sync', '{}');
SELECT pgaf_upgrade_begin_step(test.token(2), 'enter_maintenance');
SELECT test.state(2, 'maintenance');
SELECT pgaf_upgrade_finish_step(test.token(2), 'enter_maintenance', '{}');
SELECT pgaf_upgrade_begin_step(test.token(1), 'checkpoint');
SELECT pgaf_upgrade_finish_step(test.token(1), 'checkpoint', '{}');
SELECT pgaf_upgrade_begin_step(test.token(1), 'stop');
SELECT state FROM pgaf_upgrade_status();

-- who may ask: the operator, and a helper of the run
SET SESSION AUTHORIZATION autoctl_node;
SELECT pgaf_upgrade_rollback(1, 'by anyone');
SELECT pgaf_upgrade_request_rollback(test.token(77), 'by a stranger');
SELECT pgaf_upgrade_finish_rollback(test.token(77), '{}');
SELECT pgaf_upgrade_finish_rollback(test.token(1), '{}') AS nothing_to_finish;
SELECT pgaf_upgrade_request_rollback(test.token(2), NULL);
SELECT pgaf_upgrade_request_rollback(test.token(2), 'the backup has failed');
RESET SESSION AUTHORIZATION;
SELECT pgaf_upgrade_rollback(1, 'again') AS same;
SELECT state, waiting_for FROM pgaf_upgrade_status();

-- from now on no step begins, and what was at work may still say how it ended
SELECT * FROM pgaf_upgrade_next_step(test.token(2));
SELECT pgaf_upgrade_begin_step(test.token(2), 'stop');
SELECT pgaf_upgrade_finish_step(test.token(1), 'stop', '{}');
SELECT pgaf_upgrade_begin_step(test.token(1), 'pg_upgrade');
SELECT pgaf_upgrade_approve(1);
SELECT pgaf_upgrade_attach(1, test.token(1), '1.0', 'host1') ->> 'state' AS a_helper_that_comes_back_is_told;

-- each node for itself, and each call twice; the monitor has nothing to undo
SELECT nodeid, done_at IS NOT NULL AS done FROM pgaf_upgrade.rollback ORDER BY nodeid;
SELECT pgaf_upgrade_finish_rollback(test.token(1), '{"undone": ["stop", "relax_sync"]}');
SELECT pgaf_upgrade_finish_rollback(test.token(1), '{}') AS unchanged;
SELECT waiting_for FROM pgaf_upgrade_status();
SELECT pgaf_upgrade_finish_rollback(test.token(2), '{"undone": ["enter_maintenance"]}');
SELECT pgaf_upgrade_finish_rollback(test.token(2), '{}') AS unchanged;
SELECT nodeid, done_at IS NOT NULL AS done, result FROM pgaf_upgrade.rollback ORDER BY nodeid;
SELECT nodeid, ended_at IS NOT NULL AS ended FROM pgaf_upgrade.maintenance;
SELECT state, ended_at IS NOT NULL AS ended FROM pgaf_upgrade_status();
SELECT node, kind, state, message FROM pgaf_upgrade_events() WHERE kind IN ('run', 'rolled back');

-- before the gate there is nothing to undo
SELECT test.reset();
SELECT test.node(1, 'primary'), test.node(2, 'secondary');
SELECT pgaf_upgrade_start(18);
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM generate_series(0, 2) i;
SELECT pgaf_upgrade_rollback(1, 'not this year');
SELECT pgaf_upgrade_rollback(99, 'no such run');

-- and once the new cluster may have been started, it is too late, even if that was interrupted
SELECT pgaf_upgrade_start(18);
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM generate_series(0, 2) i;
SELECT count(*) AS prepared FROM test.drive('{0,1,2}');
SELECT pgaf_upgrade_approve();
SELECT pgaf_upgrade_begin_step(test.token(1), 'relax_sync');
SELECT pgaf_upgrade_finish_step(test.token(1), 'relax_sync', '{}');
SELECT pgaf_upgrade_begin_step(test.token(2), 'enter_maintenance');
SELECT pgaf_upgrade_finish_step(test.token(2), 'enter_maintenance', '{}');
SELECT pgaf_upgrade_begin_step(test.token(1), s), pgaf_upgrade_finish_step(test.token(1), s, '{}')
  FROM unnest('{checkpoint,stop,pg_upgrade,carry,swap}'::text[]) s;
SELECT pgaf_upgrade_begin_step(test.token(1), 'start');
SELECT pgaf_upgrade_rollback(2, 'too late');
SELECT pgaf_upgrade_attach(1, test.token(1), '1.0', 'host1') IS NOT NULL AS interrupted;
SELECT pgaf_upgrade_rollback(2, 'still too late');
SELECT pgaf_upgrade_rollback(2, 'by link nothing can be given up', discard_new_data => true);
SELECT state FROM pgaf_upgrade_status();

-- unless the primary's own helper has found that it was not
SELECT pgaf_upgrade_request_rollback(test.token(2), 'another node cannot know', not_started => true);
SELECT pgaf_upgrade_request_rollback(test.token(1), 'it was interrupted before', not_started => true);
SELECT test.reset();

-- by copy the old cluster stays: what was written to the new one can be given up, by name
SELECT test.node(1, 'primary'), test.node(2, 'secondary');
SELECT pgaf_upgrade_start(18, method => 'copy');
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM generate_series(0, 2) i;
SELECT count(*) AS prepared FROM test.drive('{0,1,2}');
SELECT pgaf_upgrade_approve();
SELECT count(*) AS done FROM test.drive('{0,1,2}');
SELECT state FROM pgaf_upgrade_status();
UPDATE pgaf_upgrade.step SET finished_at = '2025-01-02 03:04:05' WHERE name = 'start';
SET SESSION AUTHORIZATION autoctl_node;
SELECT pgaf_upgrade_request_rollback(test.token(2), 'it is finished');
RESET SESSION AUTHORIZATION;
BEGIN;
UPDATE pgaf_upgrade.run SET state = 'restoring', ended_at = NULL;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_rollback(1, 'not said what for')$$);
UPDATE pgaf_upgrade.run SET include_monitor = false;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_rollback(1, 'the monitor stays', true)$$);
UPDATE pgaf_upgrade.run SET method = 'link', include_monitor = true;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_rollback(1, 'by link', true)$$);
UPDATE pgaf_upgrade.run SET method = 'swap';
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_rollback(1, 'by swap', true)$$);
ROLLBACK;
BEGIN;
SELECT pgaf_upgrade_start(18) AS later;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_rollback(1, 'there is a later one', true)$$);
ROLLBACK;
SET SESSION AUTHORIZATION autoctl_node;
SELECT pgaf_upgrade_request_rollback(test.token(2), 'the application does not know 18', true) AS only_asked_for;
SELECT pgaf_upgrade_request_rollback(test.token(2), 'the application does not know 18', true) AS once_more;
-- of a start that was reported as done it does not help that the node denies it
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_request_rollback(test.token(1), 'it has not started', false, true)$$);
RESET SESSION AUTHORIZATION;
SELECT node, state, message, by_user FROM pgaf_upgrade_events() WHERE kind = 'discard';
SELECT state, discards_new_data FROM pgaf_upgrade.run;
SELECT pgaf_upgrade_rollback(1, 'the application does not know 18', discard_new_data => true);
SELECT state, message, by_user = session_user AS by_me FROM pgaf_upgrade_events() WHERE kind = 'discard';
-- a node that is behind says it again
SET SESSION AUTHORIZATION autoctl_node;
SELECT pgaf_upgrade_request_rollback(test.token(2), 'the application does not know 18', true) AS under_way;
RESET SESSION AUTHORIZATION;
SELECT state, discards_new_data, ended_at FROM pgaf_upgrade.run;
SELECT pgaf_upgrade_attach(1, test.token(1), '1.0', 'host1') -> 'discards_new_data' AS a_helper_is_told;
-- the monitor first, then the others in any order
SELECT i AS node, n.* FROM generate_series(0, 2) i, LATERAL pgaf_upgrade_next_step(test.token(i)) n;
SELECT pgaf_upgrade_finish_rollback(test.token(0), '{}');
SELECT i AS node, n.* FROM generate_series(0, 2) i, LATERAL pgaf_upgrade_next_step(test.token(i)) n;
-- the old identifier, and no other, may be put back by the nodes themselves
UPDATE pgautofailover.node SET sysidentifier = 7000000000000000009;
SELECT test.state(1, 'wait_primary'), test.state(2, 'maintenance');
INSERT INTO pgaf_upgrade.sysidentifier_change (runid, formationid, groupid, nodeid, nodename, before, after)
  SELECT 1, formationid, groupid, nodeid, nodename, 7000000000000000001, 7000000000000000009 FROM pgautofailover.node;
UPDATE pgaf_upgrade.node SET old_sysidentifier = 7000000000000000001 WHERE role = 'primary';
SET SESSION AUTHORIZATION autoctl_node;
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000009, 7000000000000000005)$$);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000009, 7000000000000000001);
RESET SESSION AUTHORIZATION;
SELECT pgaf_upgrade_finish_rollback(test.token(2), '{}');
SELECT pgaf_upgrade_finish_rollback(test.token(1), '{"discarded": "up to 7 transactions"}');
SET SESSION AUTHORIZATION autoctl_node;
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 7000000000000000009)$$);
RESET SESSION AUTHORIZATION;
SELECT state, waiting_for FROM pgaf_upgrade_status();
SELECT node, kind, state, message FROM pgaf_upgrade_events() WHERE kind IN ('run', 'rolled back');
SELECT test.reset();
