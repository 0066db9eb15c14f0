-- A switch that fails before the new cluster has started gives the old one back: the same run is prepared again.
\pset null '-'
SELECT test.reset();
SELECT test.node(1, 'primary'), test.node(2, 'secondary');
SELECT pgaf_upgrade_start(18, on_failure => 'cry');
SELECT pgaf_upgrade_start(18);
SELECT on_failure, attempt, give_back_reason FROM pgaf_upgrade.run;
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
SELECT pgaf_upgrade_finish_step(test.token(1), 'stop', '{}');
SELECT pgaf_upgrade_begin_step(test.token(1), 'pg_upgrade');
SELECT pgaf_upgrade_fail_step(test.token(1), 'pg_upgrade', 'it does not work', 'Look at its log.', 'its last lines');
SELECT pgaf_upgrade_request_rollback(test.token(1), 'pg_upgrade on node_1: it does not work', false, true, true);
SELECT waiting_for FROM pgaf_upgrade_status();
SELECT pgaf_upgrade_finish_rollback(test.token(1), '{"undone": ["pg_upgrade", "stop"]}');
SELECT pgaf_upgrade_finish_rollback(test.token(2), '{"undone": ["enter_maintenance"]}');

-- every step is to be done again, by helpers that attach again; what was, is in the events
SELECT state, attempt, approved_at, approved_by, ended_at, give_back_reason FROM pgaf_upgrade.run;
SELECT state, attempts, count(*) FROM pgaf_upgrade.step GROUP BY state, attempts;
SELECT count(*) AS rollbacks FROM pgaf_upgrade.rollback;
SELECT nodeid, ended_at IS NOT NULL AS ended FROM pgaf_upgrade.maintenance;
SELECT pgaf_upgrade_next_step(test.token(1));
SELECT pgaf_upgrade_attach(1, test.token(1), '1.0', 'host1') -> 'attempt' AS a_helper_is_told;
SELECT node, step, kind, state, message FROM pgaf_upgrade_events() WHERE kind IN ('run', 'rolled back') OR state = 'failed';

-- and once it is prepared, it waits for another approval
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM generate_series(0, 2) i;
SELECT test.state(2, 'secondary');
SELECT count(*) AS prepared FROM test.drive('{0,1,2}');
SELECT state, waiting_for FROM pgaf_upgrade_status();
SELECT pgaf_upgrade_approve();

-- the operator may have it end while it is given back
SELECT pgaf_upgrade_begin_step(test.token(1), 'relax_sync');
SELECT pgaf_upgrade_request_rollback(test.token(1), 'once more', false, true, true);
SELECT pgaf_upgrade_rollback(1, 'enough');
SELECT pgaf_upgrade_finish_rollback(test.token(1), '{}');
SELECT state, give_back_reason FROM pgaf_upgrade.run;

-- another group that has begun its switch is not taken out of it
SELECT test.two_formations();
SELECT pgaf_upgrade_start(18);
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM unnest('{0,1,2,4}'::int[]) i;
SELECT count(*) AS prepared FROM test.drive('{0,1,2,4}');
SELECT pgaf_upgrade_approve();
SELECT pgaf_upgrade_begin_step(test.token(4), s), pgaf_upgrade_finish_step(test.token(4), s, '{}')
  FROM unnest('{relax_sync,checkpoint}'::text[]) s;
SELECT pgaf_upgrade_begin_step(test.token(4), 'stop');
SELECT pgaf_upgrade_begin_step(test.token(1), 'relax_sync');
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_request_rollback(test.token(1), 'it does not work', false, true, true)$$);
SELECT state FROM pgaf_upgrade_status();
