-- Rewriting the system identifier of a group on the monitor.
\pset null '-'
\pset format unaligned
SELECT test.reset();
-- as a DBA who follows the guide has them at its step 10
SELECT test.node(1, 'wait_primary'), test.node(2, 'maintenance');
SELECT test.node(5, 'single', groupid => 1, sysid => 7000000000000000005);
SELECT test.fresh(9) AS new9, test.fresh(8) AS new8 \gset

-- arguments
SELECT refused FROM test.refusals(
  'SELECT pgaf_upgrade_rewrite_sysidentifier(NULL, 0, 1, 2)',
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', NULL, 1, 2)$$,
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, NULL, 2)$$,
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 1, NULL)$$,
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 1, -2)$$,
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 1, 2.5)$$,
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 1, 'NaN')$$,
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 1, 'Infinity')$$,
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 1, 18446744073709551616)$$,
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 18446744073709551616, 1)$$,
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 9, 1, 2)$$,
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', -1, 1, 2)$$,
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('nowhere', 0, 1, 2)$$);

-- not what is there; what validation refuses
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000003, $$ || :new9 || ')',
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 0)$$,
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 12345)$$,
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 18446744073709551615)$$,
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 7000000000000000005)$$);
SELECT count(*) AS refused FROM pg_control_system() c, test.refusal(
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, $$ || c.system_identifier || ')')
 WHERE code = 'PU007';

-- the states in which it may be done
CREATE TEMP TABLE case_of_states (position serial, primary_reported text, primary_goal text, standby_reported text, standby_goal text);
INSERT INTO case_of_states (primary_reported, primary_goal, standby_reported, standby_goal) VALUES
  ('wait_primary', 'wait_primary', 'maintenance', 'maintenance'), ('primary', 'primary', 'maintenance', 'maintenance'),
  ('primary', 'apply_settings', 'maintenance', 'maintenance'), ('primary', 'primary', 'secondary', 'secondary'),
  ('wait_primary', 'wait_primary', 'wait_maintenance', 'maintenance'), ('wait_primary', 'primary', 'maintenance', 'catchingup'),
  ('primary', 'draining', 'maintenance', 'maintenance'), ('primary', 'demoted', 'secondary', 'wait_primary'),
  ('maintenance', 'maintenance', 'maintenance', 'maintenance'), ('primary', 'primary', 'primary', 'primary');
CREATE FUNCTION pg_temp.tried(c case_of_states, new numeric) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM test.state(1, c.primary_reported, c.primary_goal), test.state(2, c.standby_reported, c.standby_goal);
  RETURN (SELECT concat_ws(' ', r.code, r.message) FROM test.refusal(
    format('SELECT pgaf_upgrade_rewrite_sysidentifier(''default'', 0, 7000000000000000001, %s)', new)) r);
END
$$;
BEGIN;
SELECT primary_reported, primary_goal, standby_reported, standby_goal, pg_temp.tried(c, :new9) FROM case_of_states c ORDER BY position;
ROLLBACK;
BEGIN;
SELECT test.state(2, 'secondary');
SELECT message, detail FROM test.refusal($$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, $$ || :new9 || ')');
ROLLBACK;

-- the whole group at once, and once
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, :new9);
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, :new9) AS again;
SELECT nodeid, groupid, test.plain(sysidentifier::text) AS sysidentifier FROM pgautofailover.node ORDER BY 1;
-- and back
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, :new9, 7000000000000000001) AS back,
       pgaf_upgrade_rewrite_sysidentifier('default', 0, :new9, 7000000000000000001) AS again;
SELECT nodeid, groupid, test.plain(sysidentifier::text) AS sysidentifier FROM pgautofailover.node ORDER BY 1;

-- above 2^63, as from 2038 on: negative where it is stored
UPDATE pgautofailover.node SET sysidentifier = -1 WHERE groupid = 1;
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 1, 18446744073709551615, :new8),
       pgaf_upgrade_rewrite_sysidentifier('default', 1, :new8, 18446744073709551615) AS back,
       pgaf_upgrade_rewrite_sysidentifier('default', 1, 1, 18446744073709551615) AS again;
SELECT nodeid, groupid, sysidentifier, pgaf_upgrade.sysidentifier_text(sysidentifier) AS shown
  FROM pgautofailover.node WHERE groupid = 1;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 1, 9223372036854775808, $$ || :new8 || ')');
SELECT runid, formationid, groupid, nodename, test.plain(pgaf_upgrade.sysidentifier_text(before)::text) AS before,
       test.plain(pgaf_upgrade.sysidentifier_text(after)::text) AS after, changed_by = session_user AS by_me
  FROM pgaf_upgrade.sysidentifier_change ORDER BY changeid;

-- a node that has another one: nothing is changed
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
UPDATE pgautofailover.node SET sysidentifier = 0 WHERE nodeid = 2;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, $$ || :new8 || ')');
ROLLBACK;

-- the monitor's own lock: held until the end of the transaction
BEGIN;
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, :new9);
SELECT objsubid AS lock_class, mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
ROLLBACK;

-- a role that was granted it may as well; autoctl_node only in the run's step for it, from the session
-- that began it, what was recorded
CREATE ROLE regress_pgaf_rewriter;
GRANT EXECUTE ON FUNCTION pgaf_upgrade_rewrite_sysidentifier(text, int, numeric, numeric) TO regress_pgaf_rewriter;
BEGIN;
SET LOCAL SESSION AUTHORIZATION regress_pgaf_rewriter;
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, :new9);
SELECT refused FROM test.refusals($$SELECT * FROM pgaf_upgrade_validate_sysidentifier('default', 0, 1)$$);
ROLLBACK;
REVOKE EXECUTE ON FUNCTION pgaf_upgrade_rewrite_sysidentifier(text, int, numeric, numeric) FROM regress_pgaf_rewriter;
DROP ROLE regress_pgaf_rewriter;
SET SESSION AUTHORIZATION autoctl_node;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, $$ || :new9 || ')');
RESET SESSION AUTHORIZATION;
SELECT test.state(1, 'primary'), test.state(2, 'secondary');
SELECT pgaf_upgrade_start(18);
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host')) FROM unnest('{0,1,2,5}'::bigint[]) i;

-- an identifier that cannot be is refused while nothing has been stopped
SELECT pgaf_upgrade_begin_step(test.token(1), 'discover'), pgaf_upgrade_finish_step(test.token(1), 'discover'),
       pgaf_upgrade_begin_step(test.token(1), 'check'), pgaf_upgrade_finish_step(test.token(1), 'check'),
       pgaf_upgrade_begin_step(test.token(1), 'initdb');
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'initdb', '{"new_sysidentifier": "0"}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'initdb', '{"new_sysidentifier": "7000000000000000001"}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'initdb', '{"new_sysidentifier": "7000000000000000009"}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'initdb', '{"new_sysidentifier": "18446744073709551615"}')$$);
-- made two hours before the run began
SELECT code FROM test.refusal(format($$SELECT pgaf_upgrade_finish_step(test.token(1), 'initdb', '{"new_sysidentifier": "%s"}')$$,
                                     test.fresh(9) - 4294967296::numeric * 7200));
SELECT state FROM pgaf_upgrade.step WHERE nodeid = 1 AND name = 'initdb';
SELECT pgaf_upgrade_finish_step(test.token(1), 'initdb', jsonb_build_object('new_sysidentifier', :'new9'));
-- nor can two groups have the same
SELECT pgaf_upgrade_begin_step(test.token(5), 'discover'), pgaf_upgrade_finish_step(test.token(5), 'discover'),
       pgaf_upgrade_begin_step(test.token(5), 'check'), pgaf_upgrade_finish_step(test.token(5), 'check'),
       pgaf_upgrade_begin_step(test.token(5), 'initdb');
SELECT code, message FROM test.refusal(format($$SELECT pgaf_upgrade_finish_step(test.token(5), 'initdb', '{"new_sysidentifier": "%s"}')$$, :new9));
SELECT pgaf_upgrade_finish_step(test.token(5), 'initdb', jsonb_build_object('new_sysidentifier', :'new8'));

SELECT count(*) > 0 AS prepared FROM test.drive('{0,1,2,5}');
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
SELECT test.state(1, 'wait_primary'), test.state(2, 'maintenance');
SET SESSION AUTHORIZATION autoctl_node;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, $$ || :new9 || ')');
SELECT pgaf_upgrade_begin_step(test.token(1), 'identity');
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, $$ || :new8 || ')',
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 1, 18446744073709551615, $$ || :new8 || ')',
  $$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000002, $$ || :new9 || ')');
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, :new9);
RESET SESSION AUTHORIZATION;
-- another session that has the token but did not begin the step
UPDATE pgaf_upgrade.step SET backend_pid = 1 WHERE name = 'identity' AND nodeid = 1;
SET SESSION AUTHORIZATION autoctl_node;
SELECT code FROM test.refusal($$SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, $$ || :new9 || ')');
RESET SESSION AUTHORIZATION;
SELECT nodeid, test.plain(sysidentifier::text) AS sysidentifier FROM pgautofailover.node ORDER BY 1;
SELECT runid, nodename, before, test.plain(after::text) AS after, changed_by FROM pgaf_upgrade.sysidentifier_change WHERE runid IS NOT NULL ORDER BY changeid;
SELECT node, kind, test.plain(message) AS message FROM pgaf_upgrade_events() WHERE kind = 'sysidentifier';
SELECT test.reset();
