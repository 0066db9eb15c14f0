-- What pgaf_upgrade_validate_sysidentifier says, case by case.
\pset null '-'
\pset format unaligned
SELECT test.reset();
SELECT test.node(1, 'wait_primary'), test.node(2, 'maintenance');
SELECT test.node(5, 'single', groupid => 1, sysid => 7000000000000000005);
SELECT test.fresh(9) AS new9 \gset

-- what it cannot judge
SELECT refused FROM test.refusals(
  'SELECT * FROM pgaf_upgrade_validate_sysidentifier(NULL, 0, 1)',
  $$SELECT * FROM pgaf_upgrade_validate_sysidentifier('default', NULL, 1)$$,
  $$SELECT * FROM pgaf_upgrade_validate_sysidentifier('nowhere', 0, 1)$$,
  $$SELECT * FROM pgaf_upgrade_validate_sysidentifier('default', 7, 1)$$);

-- one that can be
SELECT check_name, passed, meaning FROM pgaf_upgrade_validate_sysidentifier('default', 0, :new9);
SELECT check_name, test.plain(found) AS found FROM pgaf_upgrade_validate_sysidentifier('default', 0, :new9) WHERE check_name <> 'plausible';
SELECT found = to_char(to_timestamp(floor(:new9 / 4294967296)) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || '.000000 UTC, process 9' AS decoded
  FROM pgaf_upgrade_validate_sysidentifier('default', 0, :new9) WHERE check_name = 'plausible';

-- those that cannot, and why
SELECT given, v.check_name, v.found
  FROM unnest(ARRAY[NULL, 0, -1, 2.5, 'NaN', 18446744073709551616, 12345, 7000000000000000001, 7000000000000000005,
                    9223372036854775807, 9223372036854775808, 18446744073709551615]::numeric[]) WITH ORDINALITY AS g (given, position),
       pgaf_upgrade_validate_sysidentifier('default', 0, given) WITH ORDINALITY AS v (check_name, passed, found, meaning, row)
 WHERE NOT v.passed AND v.found <> 'no number to look at' ORDER BY g.position, v.row;
-- the monitor's own
SELECT check_name, found FROM pg_control_system() c, pgaf_upgrade_validate_sysidentifier('default', 0, c.system_identifier)
 WHERE NOT passed;

-- the group's condition
BEGIN;
SELECT test.state(2, 'secondary');
SELECT check_name, found FROM pgaf_upgrade_validate_sysidentifier('default', 0, :new9) WHERE NOT passed;
SET CONSTRAINTS ALL DEFERRED;
UPDATE pgautofailover.node SET sysidentifier = -1 WHERE nodeid = 2;
SELECT check_name, found FROM pgaf_upgrade_validate_sysidentifier('default', 0, :new9) WHERE NOT passed;
ROLLBACK;

-- what the group had before is taken back, even when it could not be new
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, :new9);
SELECT check_name, found FROM pgaf_upgrade_validate_sysidentifier('default', 0, 7000000000000000001) WHERE check_name IN ('plausible', 'made_for_run');
SELECT count(*) AS failed FROM pgaf_upgrade_validate_sysidentifier('default', 0, 7000000000000000001) WHERE NOT passed;

-- beside a run: not from before it, and the one that it has recorded
SELECT test.state(1, 'primary'), test.state(2, 'secondary');
SELECT pgaf_upgrade_start(18);
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host')) FROM unnest('{0,1,2,5}'::bigint[]) i;
SELECT count(*) > 0 AS prepared FROM test.drive('{0,1,2,5}');
SELECT test.state(1, 'wait_primary'), test.state(2, 'maintenance');
SELECT check_name FROM pgaf_upgrade_validate_sysidentifier('default', 0, test.fresh(9) - 4294967296::numeric * 3700) WHERE NOT passed;
SELECT count(*) AS failed FROM pgaf_upgrade.node n, pgaf_upgrade_validate_sysidentifier('default', 0, n.new_sysidentifier)
 WHERE n.nodeid = 1 AND NOT passed;

-- changes nothing
BEGIN READ ONLY;
SELECT count(*) FROM pgaf_upgrade_validate_sysidentifier('default', 0, 1);
ROLLBACK;
SELECT test.reset();
