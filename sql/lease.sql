-- Who may work for a node.
\pset null '-'
SELECT test.reset();
SELECT test.node(1, 'primary'), test.node(2, 'secondary');
SELECT pgaf_upgrade_start(18);

-- versions must agree
SELECT pgaf_upgrade_attach(1, test.token(1), '0.9', 'host1');
BEGIN;
UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'pgaf_upgrade';
SELECT pgaf_upgrade_attach(1, test.token(1), '1.0', 'host1');
ROLLBACK;

-- autoctl_node: data nodes, not the monitor
SET SESSION AUTHORIZATION autoctl_node;
SELECT pgaf_upgrade_attach(0, test.token(0), '1.0', 'monitor');
SELECT pgaf_upgrade_attach(1, test.token(1), '1.0', 'host1') ->> 'run' AS run;
SELECT pgaf_upgrade_attach(1, test.token(1), '1.0', 'host1') ->> 'run' AS the_same_again;
RESET SESSION AUTHORIZATION;

-- a second helper, while the first one lives, and when it is silent
SELECT pgaf_upgrade_begin_step(test.token(1), 'discover');
SELECT test.sqlstate($$SELECT pgaf_upgrade_attach(1, test.token(11), '1.0', 'elsewhere')$$) AS second_helper;
UPDATE pgaf_upgrade.node SET lease_heartbeat = now() - interval '31 seconds' WHERE nodeid = 1;
SELECT regexp_replace(waiting_for, '\d\d:\d\d:\d\d', 'HH:MI:SS') AS waiting_for FROM pgaf_upgrade_status();
SELECT pgaf_upgrade_attach(1, test.token(11), '1.0', 'elsewhere') -> 'steps' -> 0 AS interrupted;
SELECT pgaf_upgrade_heartbeat(test.token(1));
SELECT test.sqlstate($$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover')$$) AS the_old_token;
SELECT pgaf_upgrade_begin_step(test.token(11), 'discover') AS second_attempt;

-- after a lost connection the helper goes on with what it has begun
SELECT pgaf_upgrade_attach(1, test.token(11), '1.0', 'elsewhere', resumed => true) -> 'steps' -> 0 AS goes_on;
SELECT pgaf_upgrade_begin_step(test.token(11), 'discover') AS same_attempt;
-- after a restart of the helper it does not
SELECT pgaf_upgrade_attach(1, test.token(11), '1.0', 'elsewhere') -> 'steps' -> 0 AS starts_again;

-- failed steps are tried again by a helper that is started, unless told
SELECT pgaf_upgrade_begin_step(test.token(11), 'discover') AS third_attempt;
SELECT pgaf_upgrade_fail_step(test.token(11), 'discover', 'boom');
SELECT pgaf_upgrade_attach(1, test.token(11), '1.0', 'elsewhere', retry_failed => false) -> 'steps' -> 0 AS left_alone;
SELECT pgaf_upgrade_attach(1, test.token(11), '1.0', 'elsewhere') -> 'steps' -> 0 AS tried_again;

SELECT node, step, kind, state, regexp_replace(message, 'for 3\d s', 'for 3x s') AS message FROM pgaf_upgrade_events();
SELECT lease_host, lease_user = session_user AS by_me, lease_address FROM pgaf_upgrade.node WHERE nodeid = 1;

-- an aborted run has no work, and a helper that was busy learns it
SELECT pgaf_upgrade_begin_step(test.token(11), 'discover');
SELECT pgaf_upgrade_abort(1, 'enough');
SELECT pgaf_upgrade_heartbeat(test.token(11));
SELECT pgaf_upgrade_finish_step(test.token(11), 'discover');
SELECT * FROM pgaf_upgrade_next_step(test.token(11));
SELECT pgaf_upgrade_begin_step(test.token(11), 'check');
SELECT pgaf_upgrade_attach(1, test.token(11), '1.0', 'elsewhere');

-- a token that is used for the next run works for that one
SELECT pgaf_upgrade_start(18);
SELECT pgaf_upgrade_attach(1, test.token(11), '1.0', 'elsewhere') ->> 'run' AS run;
SELECT run, step FROM pgaf_upgrade_next_step(test.token(11));

-- a helper that died before the monitor's clock was set back an hour holds nothing
SELECT pgaf_upgrade_attach(1, test.token(11), '1.0', 'elsewhere') ->> 'run' AS run;
UPDATE pgaf_upgrade.node SET lease_heartbeat = clock_timestamp() + interval '1 hour' WHERE nodeid = 1;
SELECT pgaf_upgrade_attach(1, test.token(12), '1.0', 'another') ->> 'run' AS run;
SELECT test.reset();
