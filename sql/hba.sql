-- What pg_hba.conf says to the connections of the cluster. The server's own file is left as it is, so
-- that this may run on any server: of what it says only that is shown which every server has in common.
-- test/hba/ makes files of its own and lets a server judge.
\pset null '-'
SELECT test.reset();
DELETE FROM pgaf_upgrade.hba_report;
UPDATE pgautofailover.formation SET dbname = 'shop' WHERE formationid = 'default';
SELECT test.node(1, 'primary'), test.node(2, 'secondary');
UPDATE pgautofailover.node SET nodehost = CASE nodeid WHEN 1 THEN '203.0.113.1' ELSE '2001:db8::2' END;

-- arguments
SELECT * FROM pgaf_upgrade_verify_hba('nowhere');
SELECT * FROM pgaf_upgrade_required_hba('nowhere');
SELECT * FROM pgaf_upgrade_match_hba(NULL, 'shop', '10.0.0.1');
SELECT * FROM pgaf_upgrade_match_hba('app', NULL, '10.0.0.1');
SELECT * FROM pgaf_upgrade_match_hba('app', 'shop', '10.0.0.0/8');
SELECT * FROM pgaf_upgrade_match_hba('app', 'shop', '10.0.0.1', NULL);
SELECT * FROM pgaf_upgrade_match_hba('app', 'shop', '10.0.0.1', false, NULL);
SELECT pgaf_upgrade_report_hba(NULL, 'before', '[]');
SELECT pgaf_upgrade_report_hba('00000000-0000-0000-0000-00000000dead', 'before', '[]');

-- this session came in over some line, and each node is a client of the monitor and of its group
SELECT count(*) AS mine FROM pgaf_upgrade_match_hba(current_user, current_database(), inet_client_addr());
SELECT node, connection, client, user_name, host, address, database, verdict IN ('ok', 'rejected', 'no match') AS judged,
       seen_at
  FROM pgaf_upgrade_verify_hba() WHERE node = 'monitor';

-- of the data nodes nothing is known before their helpers tell it
SELECT node, connection, client, user_name, host, database, verdict, advice, regexp_replace(required_line, '^host(ssl)?', 'host') AS line
  FROM pgaf_upgrade_verify_hba('default') WHERE node <> 'monitor' AND connection <> 'health check';
SELECT node, regexp_replace(line, '^host(ssl)?', 'host') AS line
  FROM pgaf_upgrade_required_hba() WHERE node <> 'monitor' AND line !~ 'pgautofailover_monitor';

-- reports, under the lease of the node
SELECT pgaf_upgrade_start(18);
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host')) FROM unnest('{0,1,2}'::bigint[]) i;
SET SESSION AUTHORIZATION autoctl_node;
SELECT pgaf_upgrade_report_hba(test.token(1), NULL, '[]');
SELECT pgaf_upgrade_report_hba(test.token(1), 'now', '[]');
SELECT pgaf_upgrade_report_hba(test.token(1), 'before', NULL);
SELECT pgaf_upgrade_report_hba(test.token(1), 'before', '{}');
SELECT pgaf_upgrade_report_hba(test.token(1), 'before', '["x"]');
SELECT pgaf_upgrade_report_hba(test.token(1), 'before',
         '[{"connection": "else", "client_nodeid": 2, "client": "node_2", "user_name": "u", "host": "h",
            "database": "d", "encrypted": false, "verdict": "ok"}]');
SELECT pgaf_upgrade_report_hba(test.token(1), 'before',
         '[{"connection": "rewind", "client_nodeid": 2, "client": "node_2", "user_name": "u", "host": "h",
            "database": "d", "encrypted": false, "verdict": "fine"}]');
SELECT pgaf_upgrade_report_hba(test.token(1), 'before',
         '[{"connection": "rewind", "client_nodeid": "two", "client": "node_2", "user_name": "u", "host": "h",
            "database": "d", "encrypted": false, "verdict": "ok"}]');
SELECT pgaf_upgrade_report_hba(test.token(1), 'before',
         '[{"connection": "rewind", "client_nodeid": 2, "client": "node_2", "user_name": "u", "host": "h",
            "database": "d", "encrypted": 3, "verdict": "ok"}]');
SELECT pgaf_upgrade_report_hba(test.token(1), 'before',
         '[{"connection": "rewind", "client_nodeid": 2, "client": "node_2", "user_name": "u", "host": "h",
            "database": "d", "encrypted": true, "verdict": "ok", "address": "somewhere"}]');
SELECT pgaf_upgrade_report_hba(test.token(1), 'before',
         '[{"connection": "health check", "client_nodeid": 0, "client": "monitor", "user_name": "pgautofailover_monitor",
            "host": "10.0.0.9", "address": "10.0.0.9", "database": "postgres", "encrypted": true,
            "file_name": "pg_hba.conf", "line_number": 7, "line_type": "hostssl", "method": "trust", "verdict": "ok",
            "required_line": "host all all 0.0.0.0/0 trust", "advice": "append it"},
           {"connection": "replication", "client_nodeid": 2, "client": "node_2", "user_name": "pgautofailover_replicator",
            "host": "2001:db8::2", "address": "2001:db8::2", "database": "replication", "encrypted": true,
            "file_name": "pg_hba.conf", "line_number": 8, "line_type": "hostssl", "method": "scram-sha-256",
            "options": "clientcert=verify-ca", "verdict": "ok",
            "required_line": "hostssl replication \"pgautofailover_replicator\" 2001:db8::2/128 scram-sha-256"}]');
RESET SESSION AUTHORIZATION;
SELECT nodeid, moment, ordinal, connection, client, line_number, method, options, verdict, runid FROM pgaf_upgrade.hba_report;

-- whatever line a node has told of: what is needed is known here
SELECT node, regexp_replace(required_line, '^host(ssl)?', 'host') AS line FROM pgaf_upgrade_verify_hba() WHERE node = 'node_1' AND connection = 'health check' AND required_line ~ 'all|0.0.0.0/0';
SELECT node, line FROM pgaf_upgrade_required_hba() WHERE line ~ 'all|0.0.0.0/0';
-- what the group needs and the node did not tell of stays to be reported; the rest is as it was told
SELECT node, connection, client, address, encrypted, line_number, line_type, method, options, verdict, seen_at IS NOT NULL AS told
  FROM pgaf_upgrade_verify_hba() WHERE node = 'node_1';

-- the report after the upgrade takes the place of the one before it, and the next one before of both
SET SESSION AUTHORIZATION autoctl_node;
SELECT pgaf_upgrade_report_hba(test.token(1), 'after',
         '[{"connection": "replication", "client_nodeid": 2, "client": "node_2", "user_name": "pgautofailover_replicator",
            "host": "2001:db8::2", "address": "2001:db8::2", "database": "replication", "encrypted": false,
            "file_name": "pg_hba.conf", "line_number": 3, "line_type": "host", "method": "trust", "verdict": "weaker",
            "was": "hostssl scram-sha-256, line 8", "advice": "trust where it was scram-sha-256",
            "required_line": "hostssl replication \"pgautofailover_replicator\" 2001:db8::2/128 scram-sha-256"}]');
RESET SESSION AUTHORIZATION;
SELECT node, connection, line_number, method, verdict, was, advice
  FROM pgaf_upgrade_verify_hba() WHERE node = 'node_1' AND connection = 'replication';
SELECT moment, count(*) FROM pgaf_upgrade.hba_report GROUP BY 1 ORDER BY 1;
SELECT pgaf_upgrade_report_hba(test.token(1), 'after', '[]') AS none;
SELECT pgaf_upgrade_report_hba(test.token(1), 'before', '[]') AS none;
SELECT count(*) FROM pgaf_upgrade.hba_report;

-- the monitor's own file is compared with what its helper noted before the upgrade
SELECT pgaf_upgrade_report_hba(test.token(0), 'before',
         '[{"connection": "keeper", "client_nodeid": 1, "client": "node_1", "user_name": "autoctl_node",
            "host": "203.0.113.1", "address": "203.0.113.1", "database": "pg_auto_failover", "encrypted": true,
            "file_name": "pg_hba.conf", "line_number": 5, "line_type": "hostssl", "method": "cert", "verdict": "ok"}]');
SELECT client, was FROM pgaf_upgrade_verify_hba() WHERE node = 'monitor';

-- another formation; a name that has no address is not judged
SELECT pgautofailover.create_formation('other', 'pgsql', 'db', true, 0) IS NOT NULL AS created;
SELECT test.node(3, 'single', formation => 'other', sysid => 7000000000000000003);
UPDATE pgautofailover.node SET nodehost = 'no-such-host.invalid' WHERE nodeid = 3;
SELECT formationid, node, connection, client, verdict, address, required_line, advice
  FROM pgaf_upgrade_verify_hba('other') WHERE connection = 'keeper';
SELECT DISTINCT formationid FROM pgaf_upgrade_verify_hba() ORDER BY 1;

-- who may not
SET SESSION AUTHORIZATION autoctl_node;
SELECT * FROM pgaf_upgrade_match_hba('app', 'shop', '10.0.0.1');
DELETE FROM pgaf_upgrade.hba_report;
RESET SESSION AUTHORIZATION;

-- a run that has ended
SELECT pgaf_upgrade_abort(1, 'end of the test');
SELECT pgaf_upgrade_report_hba(test.token(1), 'after', '[]');
DELETE FROM pgaf_upgrade.hba_report;
UPDATE pgautofailover.formation SET dbname = 'postgres' WHERE formationid = 'default';
SELECT test.reset();
