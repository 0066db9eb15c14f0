-- What stays known of every run.
\pset null '-'
\x on
SELECT test.reset();
SELECT count(*) AS runs FROM pgaf_upgrade_history();
SELECT test.node(1, 'primary'), test.node(2, 'secondary'), test.node(3, 'single', groupid => 1, sysid => 7000000000000000005);

-- one that is aborted
SELECT pgaf_upgrade_start(18, 'default', '{1}', include_monitor => false, note => 'the small one first');
SELECT pgaf_upgrade_abort(1, 'another day');

-- one that meets trouble and is finished
SELECT pgaf_upgrade_start(18, note => 'all');
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM generate_series(0, 3) i;
SELECT pgaf_upgrade_report_check(test.token(1), 'free_space', 'error', false, '1 GB', 'too little', 'Make room.'),
       pgaf_upgrade_waive_check(2, 'node_1', 'free_space', 'it grows');
SELECT pgaf_upgrade_begin_step(test.token(1), 'discover'), pgaf_upgrade_fail_step(test.token(1), 'discover', 'no'), pgaf_upgrade_retry(2);
SELECT pgaf_upgrade_begin_step(test.token(1), 'discover'), pgaf_upgrade_finish_step(test.token(1), 'discover');
SELECT pgaf_upgrade_record_backup('base', 'pg_basebackup', '2025-01-02', 'default');
SELECT count(*) > 0 AS prepared FROM test.drive('{0,1,2,3}');
SELECT pgaf_upgrade_approve();
SELECT count(*) > 0 AS switched FROM test.drive('{3}');
-- what it will take is known when every helper has told its part: of the group that takes longest
UPDATE pgaf_upgrade.step SET result = '{"estimate": {"seconds": 6.04}}' WHERE runid = 2 AND name = 'check' AND nodeid = 1;
SELECT writes_refused_estimate, redundancy_after_estimate FROM pgaf_upgrade_status(2);
UPDATE pgaf_upgrade.step SET result = '{"estimate": {"seconds": 5}}' WHERE runid = 2 AND name = 'check' AND nodeid IN (0, 3);
SELECT writes_refused_estimate, redundancy_after_estimate FROM pgaf_upgrade_status(2);
UPDATE pgaf_upgrade.step SET result = '{"estimate": {"seconds": 20}}' WHERE runid = 2 AND name = 'check' AND nodeid = 2;
SELECT writes_refused_estimate, redundancy_after_estimate > '26 s' AS redundancy_later FROM pgaf_upgrade_status(2);
-- one group has switched, the other has not
SELECT writes_refused_at IS NOT NULL AS refused, writes_accepted_at IS NOT NULL AS accepted, redundancy_after
  FROM pgaf_upgrade_history() WHERE run = 2;
SELECT count(*) > 0 AS finished FROM test.drive('{0,1,2,3}');
-- times that can be told: group 0 is refused for 8 s and redundant after 17, group 1 is refused for 5 s a minute later
UPDATE pgaf_upgrade.step s SET first_started_at = '2025-01-01 00:00:00Z' FROM pgaf_upgrade.node n WHERE n.runid = 2 AND s.runid = 2 AND n.nodeid = s.nodeid AND s.name = 'stop' AND n.nodename = 'node_1';
UPDATE pgaf_upgrade.step s SET finished_at = '2025-01-01 00:00:08Z' FROM pgaf_upgrade.node n WHERE n.runid = 2 AND s.runid = 2 AND n.nodeid = s.nodeid AND s.name = 'start' AND n.nodename = 'node_1';
UPDATE pgaf_upgrade.step s SET finished_at = '2025-01-01 00:00:17Z' FROM pgaf_upgrade.node n WHERE n.runid = 2 AND s.runid = 2 AND n.nodeid = s.nodeid AND s.name = 'rejoin' AND n.nodename = 'node_2';
UPDATE pgaf_upgrade.step s SET first_started_at = '2025-01-01 00:01:00Z' FROM pgaf_upgrade.node n WHERE n.runid = 2 AND s.runid = 2 AND n.nodeid = s.nodeid AND s.name = 'stop' AND n.nodename = 'node_3';
UPDATE pgaf_upgrade.step s SET finished_at = '2025-01-01 00:01:05Z' FROM pgaf_upgrade.node n WHERE n.runid = 2 AND s.runid = 2 AND n.nodeid = s.nodeid AND s.name = 'start' AND n.nodename = 'node_3';
SET timezone = 'UTC';

SELECT run, state, formation, groups, include_monitor,
       source_version = current_setting('server_version_num')::int / 10000 AS source_version, target_version, method, standby_method, nodes,
       started_at IS NOT NULL AS started, started_by = session_user AS by_me, approved_at IS NOT NULL AS approved,
       approved_by = session_user AS approved_by_me, writes_refused_at, writes_accepted_at, writes_refused, redundancy_after,
       ended_at >= started_at AS ended, end_reason, failures, checks_waived, backups,
       regexp_replace(test.plain(system_identifiers), 'monitor: .* ->', 'monitor: <its> ->') AS system_identifiers, note
  FROM pgaf_upgrade_history();
-- the same times as in the status
SELECT h.writes_refused = s.writes_refused AND h.redundancy_after = s.redundancy_after
       AND h.writes_refused_estimate = s.writes_refused_estimate AND h.redundancy_after_estimate = s.redundancy_after_estimate AS same
  FROM pgaf_upgrade_history() h JOIN pgaf_upgrade_status(2) s USING (run);
\x off
SELECT test.reset();
