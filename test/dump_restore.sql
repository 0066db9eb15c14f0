-- Data for dump_restore.sh: a row at least in each table, and a run that can go on.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE EXTENSION btree_gist;
CREATE EXTENSION pgautofailover;
CREATE EXTENSION pgaf_upgrade;
INSERT INTO pgautofailover.node (nodeid, groupid, nodename, nodehost, nodeport, sysidentifier, goalstate, reportedstate)
VALUES (1, 0, 'node_1', 'host1', 5432, 7000000000000000001, 'primary', 'primary'),
       (2, 0, 'node_2', 'host2', 5432, 7000000000000000001, 'secondary', 'secondary'),
       (3, 1, 'node_3', 'host3', 5432, -1, 'single', 'single');

SELECT pgaf_upgrade_start(18, 'default', '{1}', include_monitor => false, note => 'one that was aborted');
SELECT pgaf_upgrade_abort(1, 'another day');
SELECT pgaf_upgrade_start(18, 'default', '{0}', include_monitor => false, note => E'one that goes on\nwith "quotes" and \\ and ü');
SELECT pgaf_upgrade_attach(1, '00000000-0000-0000-0000-000000000001', '1.0', 'host1') ->> 'run';
SELECT pgaf_upgrade_begin_step('00000000-0000-0000-0000-000000000001', 'discover');
SELECT pgaf_upgrade_finish_step('00000000-0000-0000-0000-000000000001', 'discover', '{"old_sysidentifier": "7000000000000000001", "list": [1, null]}');
SELECT pgaf_upgrade_begin_step('00000000-0000-0000-0000-000000000001', 'check');
SELECT pgaf_upgrade_report_check('00000000-0000-0000-0000-000000000001', 'free_space', 'error', false, '1 GB', 'too little', 'Make room.');
SELECT pgaf_upgrade_waive_check(2, 'node_1', 'free_space', 'it grows');
SELECT pgaf_upgrade_record_maintenance('node_2', 'begin', 'disks');
SELECT pgaf_upgrade_record_backup('base', 'pg_basebackup', '2025-01-02', 'default', verified_at => '2025-01-03');
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 1, 18446744073709551615, floor(extract(epoch FROM now())) * 4294967296 + 9);
INSERT INTO pgaf_upgrade.cleanup (runid, nodeid, result) VALUES (1, 3, '{"by": "root", "removed": [], "freed_bytes": 0}');
