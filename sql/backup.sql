-- Backups are written down, and what cannot be true is refused.
\pset null '-'
\pset format unaligned
SELECT test.two_formations();

SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_record_backup(NULL, 'tool', '2025-01-01', 'default')$$,
  $$SELECT pgaf_upgrade_record_backup('label', NULL, '2025-01-01', 'default')$$,
  $$SELECT pgaf_upgrade_record_backup('label', 'tool', NULL, 'default')$$,
  $$SELECT pgaf_upgrade_record_backup('label', 'tool', '2025-01-01', NULL, NULL)$$,
  $$SELECT pgaf_upgrade_record_backup(' ', 'tool', '2025-01-01', 'default')$$,
  $$SELECT pgaf_upgrade_record_backup('label', '', '2025-01-01', 'default')$$,
  $$SELECT pgaf_upgrade_record_backup('label', 'tool', 'infinity', 'default')$$,
  $$SELECT pgaf_upgrade_record_backup('label', 'tool', '-infinity', 'default')$$,
  $$SELECT pgaf_upgrade_record_backup('label', 'tool', '2025-01-01', 'default', verified_at => 'infinity')$$,
  $$SELECT pgaf_upgrade_record_backup('label', 'tool', '2025-01-02', 'default', verified_at => '2025-01-01')$$,
  $$SELECT pgaf_upgrade_record_backup('label', 'tool', '2025-01-01', 'nowhere')$$,
  $$SELECT pgaf_upgrade_record_backup('label', 'tool', '2025-01-01', node => 'node_9')$$,
  $$SELECT pgaf_upgrade_record_backup('label', 'tool', '2025-01-01', node => 'node_1')$$,
  $$SELECT pgaf_upgrade_record_backup('label', 'tool', '2025-01-01', 'default', '4')$$,
  $$SELECT pgaf_upgrade_record_backup('label', 'tool', '2025-01-01', 'default', 'monitor')$$);
SELECT code FROM test.refusal($$SELECT pgaf_upgrade_record_backup('label', 'tool', now() + interval '1 hour', 'default')$$);

-- of a formation, of a node, of the monitor; whatever way dates are written in the session
SET timezone = 'UTC';
SET datestyle = 'SQL, DMY';
SELECT pgaf_upgrade_record_backup('20250102F', 'pgbackrest', '02/01/2025 03:04:05', 'default', location => 'repo1');
RESET datestyle;
SELECT pgaf_upgrade_record_backup('base', 'pg_basebackup', '2025-01-02 03:04:05', node => '2', note => 'from the standby');
SELECT pgaf_upgrade_record_backup('base', 'pg_basebackup', '2025-01-02 03:04:05', node => 'other/node_1');
SELECT pgaf_upgrade_record_backup('base', 'pg_basebackup', '2025-01-02 03:04:05', 'other', 'node_1') AS the_same;
SELECT pgaf_upgrade_record_backup('dump', 'pg_dump', '2025-01-02 03:04:05', node => 'monitor', verified_at => '2025-01-03');

-- the same one again: what is new is added, and it is no other
SELECT pgaf_upgrade_record_backup('20250102F', 'pgbackrest', '2025-01-02 03:04:05', 'default', verified_at => '2025-01-04') AS the_same;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_record_backup('20250102F', 'pgbackrest', '2025-01-05', 'default')$$);
SELECT pgaf_upgrade_start(18);
SELECT pgaf_upgrade_record_backup('dump', 'pg_dump', '2025-01-02 03:04:05', node => 'monitor', note => 'relied on');
SELECT pgaf_upgrade_record_backup('20250106F', 'pgbackrest', '2025-01-06', 'other');
SELECT backupid, runid, formationid, nodeid, nodename, label, tool, taken_at, location, verified_at, note, recorded_by = session_user AS by_me
  FROM pgaf_upgrade.backup ORDER BY 1;
SELECT runid, nodeid, message FROM pgaf_upgrade.event WHERE kind = 'backup' ORDER BY eventid;
SELECT backup, run, formation, nodeid, node, label, tool, taken_at, verified_at FROM pgaf_upgrade_backups();

-- a node's helper records that of a data node, and nobody else's
SET SESSION AUTHORIZATION autoctl_node;
SELECT pgaf_upgrade_record_backup('node_1_1', 'pg_basebackup', '2025-01-07', node => '1', verified_at => '2025-01-07 01:00') > 0 AS recorded;
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_record_backup('x', 'pg_basebackup', '2025-01-07', 'default')$$,
  $$SELECT pgaf_upgrade_record_backup('x', 'pg_basebackup', '2025-01-07', node => 'monitor')$$);
SELECT node, label, recorded_by FROM pgaf_upgrade_backups() WHERE recorded_by = 'autoctl_node';
RESET SESSION AUTHORIZATION;
SELECT test.reset();
