-- Maintenance windows: of a DBA who works by hand, and of a run.
\pset null '-'
\pset format unaligned
SELECT test.reset();
SELECT count(test.node(i, CASE i WHEN 1 THEN 'primary' ELSE 'secondary' END)) FROM generate_series(1, 3) i;
-- another formation whose nodes have the same names, and one whose name is a number
SELECT formation_id FROM pgautofailover.create_formation('other', 'pgsql', 'postgres', true, 0);
SELECT test.node(11, 'primary', formation => 'other', sysid => 7000000000000000002),
       test.node(12, 'secondary', formation => 'other', sysid => 7000000000000000002);
UPDATE pgautofailover.node SET nodename = replace(nodename, '_1', '_') WHERE formationid = 'other' AND nodeid = 12;
UPDATE pgautofailover.node SET nodename = '3' WHERE nodeid = 11;

-- bad input
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_record_maintenance(NULL, 'begin', 'why')$$,
  $$SELECT pgaf_upgrade_record_maintenance('node_2', NULL, 'why')$$,
  $$SELECT pgaf_upgrade_record_maintenance('node_3', 'begin', NULL)$$,
  $$SELECT pgaf_upgrade_record_maintenance('node_3', 'enable', NULL)$$,
  $$SELECT pgaf_upgrade_record_maintenance('node_3', 'start', 'why')$$,
  $$SELECT pgaf_upgrade_record_maintenance('', 'begin', 'why')$$,
  $$SELECT pgaf_upgrade_record_maintenance('node_9', 'begin', 'why')$$,
  $$SELECT pgaf_upgrade_record_maintenance('99', 'begin', 'why')$$,
  $$SELECT pgaf_upgrade_record_maintenance('0', 'begin', 'the monitor is no node of its own')$$,
  $$SELECT pgaf_upgrade_record_maintenance('default/3', 'begin', 'why')$$,
  $$SELECT pgaf_upgrade_record_maintenance('node_2', 'begin', 'why')$$);

-- by id, by formation and name; an id is preferred to a name of digits
BEGIN;
SELECT pgaf_upgrade_record_maintenance('2', 'begin', 'by id'),
       pgaf_upgrade_record_maintenance('other/node_2', 'begin', 'by name'),
       pgaf_upgrade_record_maintenance('3', 'begin', 'by id'),
       pgaf_upgrade_record_maintenance('other/3', 'begin', 'by name');
SELECT nodeid, formationid, groupid, nodename FROM pgaf_upgrade.maintenance ORDER BY maintenanceid;
ROLLBACK;
ALTER SEQUENCE pgaf_upgrade.maintenance_maintenanceid_seq RESTART;

-- a window: one at a time, ended once
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_record_maintenance('2', 'end', 'never begun')$$,
                                  $$SELECT pgaf_upgrade_record_maintenance('2', 'disable', 'never begun')$$);
SELECT pgaf_upgrade_record_maintenance('2', 'begin', 'new disks');
SELECT code, regexp_replace(message, 'since .* by', 'since then by') = 'node_2 is in a maintenance window already, since then by ' || session_user
       AS overlaps, hint
  FROM test.refusal($$SELECT pgaf_upgrade_record_maintenance('2', 'begin', 'again')$$);
SELECT code FROM test.refusal($$SELECT pgaf_upgrade_record_maintenance('2', 'enable', 'again')$$);
SELECT pgaf_upgrade_record_maintenance('2', 'end', 'they are in');
SELECT code, message FROM test.refusal($$SELECT pgaf_upgrade_record_maintenance('2', 'end', 'again')$$);
SELECT maintenanceid, runid, nodename, reported_at_start, assigned_at_start, reason, reported_at_end, assigned_at_end, end_reason,
       started_by = session_user AND ended_by = session_user AS by_me, started_at < ended_at AS in_order
  FROM pgaf_upgrade.maintenance;

-- enable and disable have pg_auto_failover do it
UPDATE pgautofailover.node SET health = 1, reportedpgisrunning = true WHERE formationid = 'default';
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_record_maintenance('1', 'enable', 'the primary')$$,
  $$SELECT pgaf_upgrade_record_maintenance('2', 'disable', 'it serves')$$);
BEGIN;
SELECT test.state(2, 'wait_standby', 'catchingup');
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_record_maintenance('2', 'enable', 'not now')$$);
ROLLBACK;
BEGIN;
SELECT test.state(1, 'join_primary', 'primary');
-- what pg_auto_failover refuses itself: nothing is recorded
SELECT code FROM test.refusal($$SELECT pgaf_upgrade_record_maintenance('2', 'enable', 'not now')$$);
SELECT count(*) AS open FROM pgaf_upgrade.maintenance WHERE ended_at IS NULL;
ROLLBACK;
SET client_min_messages = warning;
SELECT pgaf_upgrade_record_maintenance('2', 'enable', 'kernel');
SELECT nodeid, reportedstate, goalstate FROM pgautofailover.node WHERE nodeid IN (1, 2) ORDER BY 1;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_record_maintenance('2', 'disable', 'too early')$$);
SELECT test.state(2, 'maintenance');
SELECT pgaf_upgrade_record_maintenance('2', 'disable');
SELECT nodeid, reportedstate, goalstate FROM pgautofailover.node WHERE nodeid IN (1, 2) ORDER BY 1;
SELECT maintenanceid, nodename, reported_at_start, assigned_at_start, reason, reported_at_end, assigned_at_end, end_reason
  FROM pgaf_upgrade.maintenance ORDER BY 1;
SELECT test.state(2, 'secondary');

-- a node that is dropped in its window: it can still be ended, and nothing else
SELECT pgaf_upgrade_record_maintenance('3', 'begin', 'it is old');
DELETE FROM pgautofailover.node WHERE nodeid = 3;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_record_maintenance('node_3', 'disable', 'gone')$$);
SELECT pgaf_upgrade_record_maintenance('node_3', 'end', 'and gone');
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_record_maintenance('node_3', 'begin', 'gone')$$);
SELECT nodename, reported_at_start, reported_at_end FROM pgaf_upgrade.maintenance WHERE nodeid = 3;

-- beside a run: tied to it
DELETE FROM pgautofailover.node WHERE formationid = 'other';
SELECT pgaf_upgrade_start(18, include_monitor => false);
SELECT pgaf_upgrade_record_maintenance('node_2', 'begin', 'before the run''s own');
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM generate_series(1, 2) i;
SELECT count(*) > 0 AS prepared FROM test.drive('{1,2}');
SELECT pgaf_upgrade_approve();
SELECT pgaf_upgrade_begin_step(test.token(1), 'relax_sync'), pgaf_upgrade_finish_step(test.token(1), 'relax_sync');
-- the run moves its nodes itself from here on
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_record_maintenance('node_2', 'disable', 'by hand')$$,
                                  $$SELECT pgaf_upgrade_record_maintenance('node_1', 'enable', 'by hand')$$);
-- the operator's window becomes the run's, and ends with it
SELECT pgaf_upgrade_begin_step(test.token(2), 'enter_maintenance'), pgaf_upgrade_finish_step(test.token(2), 'enter_maintenance');
SELECT runid, nodename, reason, ended_at FROM pgaf_upgrade.maintenance WHERE ended_at IS NULL;
SELECT count(*) > 0 AS finished FROM test.drive('{1,2}');
SELECT runid, nodename, reason, end_reason, ended_at IS NOT NULL AS ended FROM pgaf_upgrade.maintenance WHERE runid = 1;
-- after the end a window is nobody's
SELECT pgaf_upgrade_record_maintenance('node_2', 'begin', 'later');
SELECT runid, nodename, reason FROM pgaf_upgrade.maintenance WHERE ended_at IS NULL;

-- every call is an event
SELECT runid, nodeid, kind, state, message, by_user = session_user AS by_me
  FROM pgaf_upgrade.event WHERE kind = 'maintenance' ORDER BY eventid;
SELECT test.reset();
