-- What pgaf_upgrade_start refuses, and the plan that it writes.
SELECT test.reset();

-- nothing to upgrade
SELECT pgaf_upgrade_start(18);

SELECT test.node(1, 'primary'), test.node(2, 'secondary'), test.node(3, 'secondary', quorum => false);

-- arguments
SELECT pgaf_upgrade_start(NULL);
SELECT pgaf_upgrade_start(18, include_monitor => NULL);
SELECT pgaf_upgrade_start(18, method => NULL);
SELECT pgaf_upgrade_start(18, method => 'move');
SELECT pgaf_upgrade_start(17, method => 'swap', include_monitor => false);
SELECT pgaf_upgrade_start(18, standby_method => 'rsync');
SELECT pgaf_upgrade_start(18, method => 'copy', standby_method => 'link');
SELECT pgaf_upgrade_start(99);
SELECT pgaf_upgrade_start(9, include_monitor => false);
SELECT pgaf_upgrade_start(18, formation => 'nowhere');
SELECT pgaf_upgrade_start(18, groups => '{0,7}');
SELECT pgaf_upgrade_start(18, formation => 'default', groups => '{7}');
SELECT pgaf_upgrade_start(18, groups => '{}');
SELECT pgaf_upgrade_start(18, groups => '{0,NULL}');
-- not above the monitor's own major
SELECT test.sqlstate(format('SELECT pgaf_upgrade_start(%s)', current_setting('server_version_num')::int / 10000));

-- states of nodes
BEGIN;
SELECT test.state(2, 'catchingup', 'secondary');
SELECT pgaf_upgrade_start(18);
ROLLBACK;
BEGIN;
SELECT test.state(2, 'maintenance');
SELECT pgaf_upgrade_start(18);
ROLLBACK;
BEGIN;
SELECT test.state(1, 'secondary');
SELECT pgaf_upgrade_start(18);
ROLLBACK;
BEGIN;
SELECT test.state(2, 'wait_primary');
SELECT pgaf_upgrade_start(18);
ROLLBACK;
BEGIN;
UPDATE pgautofailover.formation SET kind = 'citus';
SELECT pgaf_upgrade_start(18);
ROLLBACK;

-- the monitor and its nodes go together
SELECT formation_id FROM pgautofailover.create_formation('other', 'pgsql', 'postgres', true, 0);
SELECT pgaf_upgrade_start(18, formation => 'other', include_monitor => false);
SELECT test.node(4, 'single', formation => 'other', sysid => 7000000000000000002);
SELECT pgaf_upgrade_start(18, formation => 'default');

-- a group without the monitor
SELECT pgaf_upgrade_start(17, formation => 'other', include_monitor => false, note => 'only this');
SELECT runid, state, formationid, groups, include_monitor, source_version, target_version, method, standby_method, note,
       started_by = current_user AS by_me
  FROM pgaf_upgrade.run;
SELECT nodeid, nodename, role FROM pgaf_upgrade.node ORDER BY 1;

-- one active run for a group, and none beside one with the monitor
SELECT pgaf_upgrade_start(18, formation => 'other', include_monitor => false);
SELECT pgaf_upgrade_start(18);
SELECT pgaf_upgrade_start(18, formation => 'default', include_monitor => false);
SELECT pgaf_upgrade_abort(1, NULL);
SELECT pgaf_upgrade_abort(NULL, 'why');
SELECT pgaf_upgrade_abort(99, 'no such run');
SELECT pgaf_upgrade_abort(1, 'changed our mind');
SELECT pgaf_upgrade_abort(1, 'the same call again changes nothing');
SELECT pgaf_upgrade_abort(2, 'this one too');
SELECT runid, state, end_reason, ended_at IS NOT NULL AS ended FROM pgaf_upgrade.run ORDER BY 1;

-- everything: asynchronous secondaries come first
UPDATE pgautofailover.formation SET number_sync_standbys = 1 WHERE formationid = 'default';
SELECT pgaf_upgrade_start(18);
SELECT nodeid, nodename, nodehost, nodeport, formationid, groupid, role, rank, replicationquorum, number_sync_standbys,
       old_sysidentifier = 7000000000000000001 AS sysid
  FROM pgaf_upgrade.node WHERE runid = 3 AND nodeid > 0 ORDER BY formationid, groupid, role, rank;
SELECT nodeid, nodename, formationid, role, old_sysidentifier = s.system_identifier AS sysid
  FROM pgaf_upgrade.node, pg_control_system() s WHERE runid = 3 AND nodeid = 0;
-- every step of the table, in its order
SELECT n.role, count(DISTINCT n.nodeid) AS nodes, count(*) AS steps, count(d.step) AS as_in_the_table
  FROM pgaf_upgrade.step s JOIN pgaf_upgrade.node n USING (runid, nodeid)
  LEFT JOIN pgaf_upgrade_steps() d ON (d.role, d.ordinal, d.step, d.phase) = (n.role, s.ordinal, s.name, s.phase)
 WHERE runid = 3 GROUP BY n.role ORDER BY n.role;
SELECT run, state, nodes, steps_done, waiting_for FROM pgaf_upgrade_status();
SELECT node, kind, state, message FROM pgaf_upgrade_events();
SELECT test.reset();
