-- Rewriting the system identifier of a group on the monitor.
\pset null '-'
SELECT test.reset();
SELECT test.node(1, 'primary'), test.node(2, 'maintenance');
SELECT test.node(5, 'single', groupid => 1, sysid => 7000000000000000005);

-- arguments
SELECT pgaf_upgrade_rewrite_sysidentifier(NULL, 0, 1, 2);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', NULL, 1, 2);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, NULL, 2);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 1, NULL);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 1, 0);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 1, -2);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 1, 2.5);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 1, 18446744073709551616);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 9, 1, 2);
SELECT pgaf_upgrade_rewrite_sysidentifier('nowhere', 0, 1, 2);

-- not what is there; another group's
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000003, 7000000000000000009);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 7000000000000000005);

-- the whole group at once, and once
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 7000000000000000009);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 7000000000000000009) AS again;
SELECT nodeid, groupid, sysidentifier FROM pgautofailover.node ORDER BY 1;

-- above 2^63, as from 2038 on: negative where it is stored; back again by swapping the two
UPDATE pgautofailover.node SET sysidentifier = -1 WHERE groupid = 0;
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 18446744073709551615, 7000000000000000008);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000008, 18446744073709551615);
SELECT nodeid, groupid, sysidentifier, pgaf_upgrade.sysidentifier_text(sysidentifier) AS shown
  FROM pgautofailover.node ORDER BY 1;
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 1, 18446744073709551615) AS again;
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 5, 7000000000000000008);
-- where that was not there before, it is judged as any: nobody's initdb has made it yet
SELECT test.sqlstate($$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 18446744073709551615, 18446744073709551614)$$);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 18446744073709551615, 6);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 18446744073709551615, 7000000000000000001);
SELECT changeid, runid, formationid, groupid, nodename, pgaf_upgrade.sysidentifier_text(before) AS before,
       pgaf_upgrade.sysidentifier_text(after) AS after, changed_by = current_user AS by_me
  FROM pgaf_upgrade.sysidentifier_change ORDER BY changeid;

-- a node that has another one, or one that its keeper is at work on: nothing is changed
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
UPDATE pgautofailover.node SET sysidentifier = 0 WHERE nodeid = 2;
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 7000000000000000009);
ROLLBACK;
BEGIN;
SELECT test.state(2, 'secondary');
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 7000000000000000009);
ROLLBACK;
BEGIN;
SELECT test.state(2, 'maintenance', 'prepare_promotion');
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 7000000000000000009);
ROLLBACK;

-- the monitor's own lock: held until the end of the transaction
BEGIN;
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 7000000000000000009);
SELECT objsubid AS lock_class, mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
ROLLBACK;

-- autoctl_node: only in the run's step for it, from the session that began it, what was recorded
SET SESSION AUTHORIZATION autoctl_node;
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 7000000000000000009);
RESET SESSION AUTHORIZATION;
SELECT test.state(2, 'secondary');
SELECT pgaf_upgrade_start(18);
UPDATE pgaf_upgrade.run SET started_at = '2020-01-01';  -- before the identifier of this test was made
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host')) FROM unnest('{0,1,2,5}'::bigint[]) i;
SELECT count(*) AS prepared FROM test.drive('{0,1,2,5}');
SELECT pgaf_upgrade_approve();
BEGIN;
-- up to the step before
DO $$
DECLARE due record;
BEGIN
  LOOP
    SELECT * INTO due FROM pgaf_upgrade_next_step(test.token(1));
    EXIT WHEN due.step = 'identity';
    IF due.step IS NOT NULL THEN
      PERFORM pgaf_upgrade_begin_step(test.token(1), due.step), pgaf_upgrade_finish_step(test.token(1), due.step);
    ELSE
      SELECT * INTO due FROM pgaf_upgrade_next_step(test.token(2));
      PERFORM pgaf_upgrade_begin_step(test.token(2), due.step), pgaf_upgrade_finish_step(test.token(2), due.step);
    END IF;
  END LOOP;
END
$$;
COMMIT;
SELECT test.state(2, 'maintenance');
SET SESSION AUTHORIZATION autoctl_node;
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 7000000000000000009);
SELECT pgaf_upgrade_begin_step(test.token(1), 'identity');
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 7000000000000000008);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 1, 7000000000000000005, 7000000000000000009);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000002, 7000000000000000009);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 7000000000000000009);
RESET SESSION AUTHORIZATION;
-- another session that has the token but did not begin the step
UPDATE pgaf_upgrade.step SET backend_pid = 1 WHERE name = 'identity' AND nodeid = 1;
SET SESSION AUTHORIZATION autoctl_node;
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 7000000000000000009);
RESET SESSION AUTHORIZATION;
SELECT nodeid, sysidentifier FROM pgautofailover.node ORDER BY 1;
SELECT changeid, runid, nodename, before, after, changed_by FROM pgaf_upgrade.sysidentifier_change WHERE runid IS NOT NULL;
SELECT node, kind, message FROM pgaf_upgrade_events() WHERE kind = 'sysidentifier';
SELECT check_name, passed, found FROM pgaf_upgrade_validate_sysidentifier('default', 0, 7000000000000000009);
-- made before the run began
UPDATE pgaf_upgrade.run SET started_at = '2022-01-01';
SELECT check_name, passed, found FROM pgaf_upgrade_validate_sysidentifier('default', 0, 7000000000000000008)
 WHERE NOT passed;

-- validating: arguments, and each check
SELECT test.reset();
SELECT test.node(1, 'primary'), test.node(2, 'secondary'), test.node(5, 'single', groupid => 1, sysid => 7000000000000000005);
SELECT * FROM pgaf_upgrade_validate_sysidentifier(NULL, 0, 7000000000000000009);
SELECT * FROM pgaf_upgrade_validate_sysidentifier('default', NULL, 7000000000000000009);
SELECT * FROM pgaf_upgrade_validate_sysidentifier('nowhere', 0, 7000000000000000009);
SELECT * FROM pgaf_upgrade_validate_sysidentifier('default', 9, 7000000000000000009);
SELECT * FROM pgaf_upgrade_validate_sysidentifier('default', 0, 7000000000000000009);
SELECT given, string_agg(check_name, ', ') AS failed
  FROM unnest('{NULL,0,-1,2.5,18446744073709551616,42,7000000000000000001,7000000000000000005,7000000000000000009}'::numeric[]) given,
       pgaf_upgrade_validate_sysidentifier('default', 0, given)
 WHERE NOT passed GROUP BY given ORDER BY given NULLS FIRST;
-- after a rewrite what was there is the old one
UPDATE pgautofailover.node SET reportedstate = 'maintenance', goalstate = 'maintenance' WHERE nodeid = 2;
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 7000000000000000009);
SELECT check_name, passed, found FROM pgaf_upgrade_validate_sysidentifier('default', 0, 7000000000000000009);
SET SESSION AUTHORIZATION regress_pgaf_anyone;
SELECT count(*) FROM pgaf_upgrade_validate_sysidentifier('default', 0, 7000000000000000009);
RESET SESSION AUTHORIZATION;
SELECT test.reset();
