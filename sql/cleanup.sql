-- What finished runs have left of old clusters: when it may be removed, who has removed it, and who may say so.
\pset null '-'
\pset format unaligned
SELECT test.reset();
SELECT test.node(1, 'primary'), test.node(2, 'secondary');
SELECT count(*) AS none FROM pgaf_upgrade_cleanup();
SELECT pgaf_upgrade_start(18, method => 'clone');
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM generate_series(0, 2) i;
SELECT count(*) AS prepared FROM test.drive('{0,1,2}');
SELECT pgaf_upgrade_approve();
SELECT pgaf_upgrade_record_backup('of the old cluster', 'pg_basebackup', clock_timestamp(), 'default', verified_at => clock_timestamp()) > 0 AS recorded;
SELECT pgaf_upgrade_record_backup('of the old monitor', 'pg_basebackup', clock_timestamp(), node => 'monitor', verified_at => clock_timestamp()) > 0 AS recorded;
SELECT count(*) AS none FROM pgaf_upgrade_cleanup();
SELECT count(*) > 0 AS switched FROM test.drive('{0,1,2}');
SELECT test.state(1, 'primary'), test.state(2, 'secondary');
SELECT count(*) > 0 AS done FROM test.drive('{0,1,2}');
SELECT state FROM pgaf_upgrade_status();

-- young, and the backup is of the old cluster
SELECT run, formation, nodeid, node, source_version = current_setting('server_version_num')::int / 10000 AS from_this, target_version, method, due, why_not, backup, old_sysidentifier IS NOT NULL AS old,
       new_sysidentifier IS NOT NULL AS new, begun_at, removed_at, removed_by, freed_bytes, removed FROM pgaf_upgrade_cleanup();
SELECT node, why_not FROM pgaf_upgrade_cleanup(0);
UPDATE pgaf_upgrade.run SET ended_at = now() - interval '4 days';
SELECT node, why_not FROM pgaf_upgrade_cleanup();
SELECT node, why_not FROM pgaf_upgrade_cleanup(5) WHERE nodeid = 1;
SELECT refused FROM test.refusals('SELECT * FROM pgaf_upgrade_cleanup(-1)', 'SELECT * FROM pgaf_upgrade_cleanup(NULL)',
  'SELECT * FROM pgaf_upgrade_cleanup(2147483647)');

-- a backup of the new one counts when it is verified, whichever node of the group it is of
SELECT pgaf_upgrade_record_backup('new', 'pg_basebackup', clock_timestamp(), node => '2') > 0 AS recorded;
SELECT node, due, backup FROM pgaf_upgrade_cleanup();
SELECT pgaf_upgrade_record_backup('new', 'pg_basebackup', taken_at, node => '2', verified_at => clock_timestamp()) > 0 AS recorded
  FROM pgaf_upgrade_backups() WHERE label = 'new';
SELECT node, due, why_not, backup FROM pgaf_upgrade_cleanup();
SELECT pgaf_upgrade_record_backup('new monitor', 'pg_basebackup', clock_timestamp(), node => 'monitor', verified_at => clock_timestamp()) > 0 AS recorded;
SELECT node, due, why_not, backup FROM pgaf_upgrade_cleanup();

-- not while a node is on its way, unhealthy or gone, a standby is kept or a run is open
SELECT test.state(2, 'catchingup', 'secondary');
SELECT node, due, why_not FROM pgaf_upgrade_cleanup();
SELECT test.state(2, 'maintenance');
SELECT node, why_not FROM pgaf_upgrade_cleanup() WHERE nodeid = 1;
SELECT test.state(2, 'secondary');
UPDATE pgautofailover.node SET health = 0 WHERE nodeid = 2;
SELECT node, why_not FROM pgaf_upgrade_cleanup() WHERE nodeid = 1;
UPDATE pgautofailover.node SET health = 1;
UPDATE pgaf_upgrade.node SET kept = true WHERE nodeid = 2;
SELECT node, why_not FROM pgaf_upgrade_cleanup() WHERE nodeid = 1;
UPDATE pgaf_upgrade.node SET kept = false;
SELECT pgaf_upgrade_start(18, include_monitor => false);
SELECT node, why_not FROM pgaf_upgrade_cleanup();
SELECT refused FROM test.refusals('SELECT pgaf_upgrade_begin_cleanup(1, 1, test.token(1))', 'SELECT pgaf_upgrade_begin_cleanup(2, 1, test.token(1))');
SELECT pgaf_upgrade_abort(2, 'not now');
SELECT node, due FROM pgaf_upgrade_cleanup();

-- only the node's own helper begins, and what it tells is of its form
SET SESSION AUTHORIZATION autoctl_node;
SELECT refused FROM test.refusals(
  'SELECT pgaf_upgrade_begin_cleanup(1, 1, test.token(2))',
  'SELECT pgaf_upgrade_begin_cleanup(1, 7, test.token(1))',
  'SELECT pgaf_upgrade_begin_cleanup(9, 1, test.token(1))',
  'SELECT pgaf_upgrade_begin_cleanup(1, 1, test.token(1), 5)',
  'SELECT pgaf_upgrade_begin_cleanup(1, 1, NULL)',
  $$SELECT pgaf_upgrade_finish_cleanup(1, 1, test.token(1), '{"by": "root", "removed": [], "freed_bytes": 0}')$$,
  $$SELECT pgaf_upgrade_finish_cleanup(1, 1, test.token(1), '[]')$$,
  $$SELECT pgaf_upgrade_finish_cleanup(1, 1, test.token(1), '{"removed": [], "freed_bytes": 0}')$$,
  $$SELECT pgaf_upgrade_finish_cleanup(1, 1, test.token(1), '{"by": "root", "removed": {}, "freed_bytes": 0}')$$,
  $$SELECT pgaf_upgrade_finish_cleanup(1, 1, test.token(1), '{"by": "root", "removed": [{"path": "/a"}], "freed_bytes": 0}')$$,
  $$SELECT pgaf_upgrade_finish_cleanup(1, 1, test.token(1), '{"by": "root", "removed": [], "freed_bytes": -1}')$$,
  $$SELECT pgaf_upgrade_finish_cleanup(1, 1, test.token(1), '{"by": "ro\u0007ot", "removed": [], "freed_bytes": 0}')$$);
SELECT pgaf_upgrade_begin_cleanup(1, 1, test.token(1)) = pgaf_upgrade_begin_cleanup(1, 1, test.token(1), 2) AS the_same;
RESET SESSION AUTHORIZATION;
SELECT node, due, begun_at IS NOT NULL AS begun, removed_at FROM pgaf_upgrade_cleanup();
-- from then on there is no way back
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_rollback(1, 'too late', discard_new_data => true)$$);

SET SESSION AUTHORIZATION autoctl_node;
SELECT pgaf_upgrade_finish_cleanup(1, 1, test.token(1), '{"by": "alice", "removed": [{"path": "/data_pg15", "freed_bytes": 2097152}], "freed_bytes": 2097152}');
SELECT pgaf_upgrade_finish_cleanup(1, 1, test.token(1), '{"by": "alice", "removed": [{"path": "/data_pg15", "freed_bytes": 2097152}], "freed_bytes": 2097152}') AS again;
SELECT pgaf_upgrade_begin_cleanup(1, 1, test.token(1)) IS NOT NULL AS once_more;
SELECT pgaf_upgrade_finish_cleanup(1, 1, test.token(1), '{"by": "alice", "removed": [{"path": "/a.log", "freed_bytes": 1}], "freed_bytes": 1}') AS more;
SELECT pgaf_upgrade_begin_cleanup(1, 0, test.token(0)) IS NOT NULL AS begun;
SELECT pgaf_upgrade_finish_cleanup(1, 0, test.token(0), '{"by": "root", "removed": [], "freed_bytes": 0}') AS empty;
RESET SESSION AUTHORIZATION;
SELECT node, due, why_not, removed_at IS NOT NULL AS removed, removed_by, freed_bytes, removed FROM pgaf_upgrade_cleanup();
SELECT node, kind, state, message, by_user FROM pgaf_upgrade_events(1) WHERE kind = 'cleanup';

-- a node that the monitor does not know any more
DELETE FROM pgautofailover.node WHERE nodeid = 2;
SELECT node, why_not FROM pgaf_upgrade_cleanup() WHERE nodeid = 2;
SELECT test.reset();
