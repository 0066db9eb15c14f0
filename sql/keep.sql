-- A standby that is kept at the old version: everything else goes on without it, and the end waits until it is released.
\pset null '-'
SELECT test.reset();
SELECT test.node(1, 'primary'), test.node(2, 'secondary'), test.node(3, 'secondary');

-- what can be kept
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_start(18, keep_old_standby => 'node_1')$$,
  $$SELECT pgaf_upgrade_start(18, keep_old_standby => 'node_7')$$, $$SELECT pgaf_upgrade_start(18, keep_old_standby => '')$$,
  $$SELECT pgaf_upgrade_start(18, keep_old_standby => 'monitor')$$, $$SELECT * FROM pgaf_upgrade_plan(18, keep_old_standby => 'node_1')$$);

-- the monitor does not wait for its rebuild, the end does
SELECT stage, node, step, waits_for FROM pgaf_upgrade_plan(18, keep_old_standby => '3')
 WHERE step = 'rebuild' OR (node, step) IN (('monitor', 'stop'), ('node_1', 'restore_settings')) ORDER BY ordinal;

-- only a run that keeps one releases it
SELECT refused FROM test.refusals('SELECT pgaf_upgrade_release()', 'SELECT pgaf_upgrade_release(99)');
SELECT pgaf_upgrade_start(18);
SELECT refused FROM test.refusals('SELECT pgaf_upgrade_release()');
SELECT pgaf_upgrade_abort(1, 'without one that is kept');
SELECT refused FROM test.refusals('SELECT pgaf_upgrade_release(1)');

SELECT pgaf_upgrade_start(18, keep_old_standby => 'default/node_3');
SELECT nodename, kept, released_at FROM pgaf_upgrade.node WHERE runid = 2 ORDER BY nodeid;
SELECT i AS node, pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i) -> 'node' -> 'kept' AS kept FROM generate_series(0, 3) i;
SELECT count(*) AS prepared FROM test.drive('{0,1,2,3}');
-- when redundancy is back whole is the operator's to say
UPDATE pgaf_upgrade.step SET result = '{"estimate": {"seconds": 5}}' WHERE runid = 2 AND name = 'check';
SELECT writes_refused_estimate, redundancy_after_estimate FROM pgaf_upgrade_status();
SELECT pgaf_upgrade_approve();
-- node 3 is driven too, and only its first steps are due
SELECT count(*) AS steps FROM test.drive('{0,1,2,3}');
SELECT state, waiting_for FROM pgaf_upgrade_status();
SELECT nodename, string_agg(name, ', ' ORDER BY ordinal) AS left
  FROM pgaf_upgrade.step JOIN pgaf_upgrade.node USING (runid, nodeid) WHERE state <> 'done' AND runid = 2 GROUP BY 1 ORDER BY 1;
SELECT i AS node, n.* FROM generate_series(0, 3) i, pgaf_upgrade_next_step(test.token(i)) n;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_begin_step(test.token(3), 'rebuild')$$);

-- on command, once
SELECT pgaf_upgrade_release();
SELECT pgaf_upgrade_release(2) AS again;
SELECT nodename, released_at IS NOT NULL AS released FROM pgaf_upgrade.node WHERE runid = 2 AND kept;
SELECT node, kind FROM pgaf_upgrade_events(2) WHERE kind = 'released';
-- what helps it after a crash: it is copied, also when it has been released
SELECT pgaf_upgrade_attach(3, test.token(3), '1.0', 'host3') -> 'node' -> 'kept' AS kept;
SELECT count(*) > 0 AS steps FROM test.drive('{0,1,2,3}');
SELECT state FROM pgaf_upgrade_status();
SELECT refused FROM test.refusals('SELECT pgaf_upgrade_release(2)');

-- before the switch it is a change of mind
SELECT test.reset();
SELECT test.node(1, 'primary'), test.node(2, 'secondary');
SELECT pgaf_upgrade_start(18, keep_old_standby => 'node_2');
SELECT pgaf_upgrade_release();
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM generate_series(0, 2) i;
SELECT count(*) AS prepared FROM test.drive('{0,1,2}');
SELECT pgaf_upgrade_approve();
SELECT count(*) AS steps FROM test.drive('{0,1,2}');
SELECT state FROM pgaf_upgrade_status();
