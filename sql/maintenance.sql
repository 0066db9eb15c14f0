-- Windows of maintenance: matched, never two at once, by whom, from which state to which.
\pset null '-'
SELECT test.reset();
SELECT test.node(1, 'primary'), test.node(2, 'secondary'), test.node(3, 'secondary');
SELECT formation_id FROM pgautofailover.create_formation('other', 'pgsql', 'postgres', true, 0);
SELECT test.node(4, 'single', formation => 'other', sysid => 7000000000000000002);
UPDATE pgautofailover.node SET nodename = 'node_2' WHERE nodeid = 4;

-- arguments
SELECT pgaf_upgrade_record_maintenance(NULL, 'begin', 'why');
SELECT pgaf_upgrade_record_maintenance('node_1', NULL, 'why');
SELECT pgaf_upgrade_record_maintenance('node_1', 'begin', NULL);
SELECT pgaf_upgrade_record_maintenance('node_1', 'pause', 'why');
SELECT pgaf_upgrade_record_maintenance('node_9', 'begin', 'why');
SELECT pgaf_upgrade_record_maintenance('9', 'begin', 'why');
SELECT pgaf_upgrade_record_maintenance('', 'begin', 'why');
-- a name that two formations have
SELECT pgaf_upgrade_record_maintenance('node_2', 'begin', 'why');
-- unmatched
SELECT pgaf_upgrade_record_maintenance('node_3', 'end');
SELECT pgaf_upgrade_record_maintenance('node_3', 'disable');

-- a window of the operator's own: by formation and name, ended by id
SELECT pgaf_upgrade_record_maintenance('default/node_2', 'begin', 'new disks');
SELECT test.sqlstate($$SELECT pgaf_upgrade_record_maintenance('2', 'begin', 'again')$$);
SELECT test.sqlstate($$SELECT pgaf_upgrade_record_maintenance('2', 'enable', 'again')$$);
SELECT pgaf_upgrade_record_maintenance('other/node_2', 'begin', 'the one of the same name');
SELECT test.state(2, 'maintenance');
SELECT pgaf_upgrade_record_maintenance('2', 'end', 'done');
SELECT pgaf_upgrade_record_maintenance('2', 'end', 'done');

-- pg_auto_failover is asked, too; when it refuses, nothing is recorded
SELECT test.state(2, 'secondary');
SELECT pgaf_upgrade_record_maintenance('node_3', 'enable', 'kernel');
SELECT goalstate FROM pgautofailover.node WHERE nodeid = 3;
SELECT test.sqlstate($$SELECT pgaf_upgrade_record_maintenance('default/node_2', 'disable')$$);
SELECT test.state(3, 'maintenance');
SELECT pgaf_upgrade_record_maintenance('node_3', 'disable');
SELECT goalstate FROM pgautofailover.node WHERE nodeid = 3;
SELECT test.sqlstate($$SELECT pgaf_upgrade_record_maintenance('other/node_2', 'disable')$$);
SELECT maintenanceid, runid, formationid, nodeid, nodename, reason, started_by = current_user AS by_me, started_from, started_to,
       ended_at >= started_at AS ended, ended_by = current_user AS ended_by_me, ended_from, ended_to, end_reason
  FROM pgaf_upgrade.maintenance ORDER BY 1;

-- a run's own windows: begun with its step, not the operator's to end; one that is open goes on
SELECT test.reset();
SELECT test.node(1, 'primary'), test.node(2, 'secondary'), test.node(3, 'secondary');
SELECT pgaf_upgrade_start(18, include_monitor => false);
SELECT pgaf_upgrade_record_maintenance('node_3', 'begin', 'my own');
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host')) FROM unnest('{1,2,3}'::bigint[]) i;
SELECT count(*) AS prepared FROM test.drive('{1,2,3}');
SELECT pgaf_upgrade_approve();
SELECT pgaf_upgrade_begin_step(test.token(1), 'relax_sync'), pgaf_upgrade_finish_step(test.token(1), 'relax_sync');
SELECT pgaf_upgrade_begin_step(test.token(i), 'enter_maintenance'), pgaf_upgrade_finish_step(test.token(i), 'enter_maintenance')
  FROM unnest('{2,3}'::bigint[]) i;
SELECT pgaf_upgrade_record_maintenance('node_2', 'end');
SELECT count(*) > 0 AS went_on FROM test.drive('{1,2,3}');
SELECT state FROM pgaf_upgrade_status();
SELECT maintenanceid, runid, nodename, reason, started_from, started_to, ended_at IS NOT NULL AS ended, ended_from, ended_to
  FROM pgaf_upgrade.maintenance ORDER BY 1;
SELECT pgaf_upgrade_record_maintenance('node_3', 'end');
SELECT kind, node, message FROM pgaf_upgrade_events() WHERE kind = 'maintenance';

-- the operator's, not a helper's nor anybody's
SET SESSION AUTHORIZATION autoctl_node;
SELECT pgaf_upgrade_record_maintenance('node_3', 'begin', 'why');
RESET SESSION AUTHORIZATION;
SELECT test.reset();
