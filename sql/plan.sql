-- What pgaf_upgrade_plan shows is what pgaf_upgrade_start writes, in the order in which it is done.
\pset null '-'
SELECT test.reset();
SELECT test.node(1, 'primary'), test.node(2, 'secondary'), test.node(3, 'secondary', quorum => false);

-- changes nothing, and says so
BEGIN READ ONLY;
SELECT ordinal, stage, node, role, phase, step, guide_step AS guide, waits_for, writes_refused AS refused FROM pgaf_upgrade_plan(18);
COMMIT;
SELECT count(*) AS runs FROM pgaf_upgrade.run;
SELECT DISTINCT node, node_formation, node_group FROM pgaf_upgrade_plan(18) ORDER BY node;
SELECT count(*) = (SELECT count(*) FROM pgaf_upgrade_plan(18)) AS the_same FROM pgaf_upgrade_plan(18, method => 'swap', standby_method => 'link');

-- the same arguments, the same refusals
CREATE FUNCTION test.both(arguments text) RETURNS TABLE (refused text) LANGUAGE sql AS $$
  SELECT concat_ws(E'\n  ', arguments, s.code || ' ' || s.message, CASE WHEN s IS DISTINCT FROM p THEN 'the plan: ' || p::text END)
    FROM test.refusal(format('SELECT pgaf_upgrade_start(%s)', arguments)) s,
         test.refusal(format('SELECT pgaf_upgrade_plan(%s)', arguments)) p
$$;
\pset format unaligned
SELECT b.refused FROM unnest(ARRAY['NULL', '18, include_monitor => NULL', '18, method => NULL', '18, standby_method => NULL',
  $$18, method => 'move'$$, $$17, method => 'swap', include_monitor => false$$, $$18, standby_method => 'rsync'$$, $$18, method => 'copy', standby_method => 'link'$$, '9, include_monitor => false', '2147483647', '-1, include_monitor => false',
  $$18, formation => 'nowhere'$$, $$18, groups => '{7}'$$, $$18, groups => '{}'$$, $$18, groups => '{NULL}'$$, $$18$$])
  WITH ORDINALITY AS a (arguments, position), test.both(arguments) b ORDER BY position;
BEGIN;
SELECT test.state(2, 'catchingup', 'secondary');
SELECT refused FROM test.both('18');
ROLLBACK;
BEGIN;
SELECT pgaf_upgrade_start(18);
SELECT refused FROM test.both('18');
ROLLBACK;
\pset format aligned

-- a run does exactly what was planned, in an order in which the stages never go back
CREATE TEMP TABLE planned AS SELECT * FROM pgaf_upgrade_plan(18);
SELECT pgaf_upgrade_start(18);
SELECT count(*) AS planned, count(s.name) AS written
  FROM planned p FULL JOIN (pgaf_upgrade.step s JOIN pgaf_upgrade.node n USING (runid, nodeid))
    ON (p.node, p.step, p.phase, p.role) = (n.nodename, s.name, s.phase, n.role);
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host')) FROM generate_series(0, 3) i;
DO $$
DECLARE
  p record;
  id bigint;
BEGIN
  FOR p IN SELECT * FROM planned ORDER BY ordinal LOOP
    IF p.step = 'relax_sync' THEN
      PERFORM pgaf_upgrade_approve();
    END IF;
    id := CASE p.node WHEN 'monitor' THEN 0 ELSE replace(p.node, 'node_', '')::bigint END;
    PERFORM pgaf_upgrade_begin_step(test.token(id), p.step);
    PERFORM pgaf_upgrade_finish_step(test.token(id), p.step);
  END LOOP;
END
$$;
SELECT state, steps_done = steps AS all_done FROM pgaf_upgrade_status();
DROP FUNCTION test.both;
SELECT test.reset();
