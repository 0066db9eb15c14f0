-- Which state may follow which: the table in the library, what the tables accept, and what the
-- functions do, compared in both directions.
\pset null '-'
SELECT moves, state, next, by FROM pgaf_upgrade.transitions();

-- the values that the tables accept are those that the library knows, no more and no fewer
CREATE FUNCTION pg_temp.accepted(of regclass, col name) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT m[1] FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND c.conkey = ARRAY[a.attnum],
         regexp_matches(pg_get_constraintdef(c.oid), '''([a-z_]+)''::text', 'g') m
   WHERE c.conrelid = of AND c.contype = 'c' AND a.attname = col
$$;
WITH known (of, col, value) AS
 (
   SELECT 'pgaf_upgrade.' || moves, 'state', unnest(ARRAY[state, next]) FROM pgaf_upgrade.transitions()
   UNION SELECT 'pgaf_upgrade.step', 'phase', phase FROM pgaf_upgrade_steps()
   UNION SELECT 'pgaf_upgrade.node', 'role', role FROM pgaf_upgrade_steps()
 ),
 accepted AS
 (
   SELECT k.of, k.col, value FROM (SELECT DISTINCT of, col FROM known) k, pg_temp.accepted(k.of::regclass, k.col) value
 )
SELECT coalesce(k.of, a.of) AS of, coalesce(k.col, a.col) AS col, count(k.value) AS known, count(a.value) AS accepted,
       count(*) FILTER (WHERE k.value IS NULL OR a.value IS NULL) AS different
  FROM known k FULL JOIN accepted a USING (of, col, value) GROUP BY 1, 2 ORDER BY 1, 2;

-- Every state, and in it every function that could move something. What moved is told by triggers, and
-- taken back again.
SELECT test.reset();
SELECT test.node(1, 'primary'), test.node(2, 'secondary');
SELECT pgaf_upgrade_start(18, include_monitor => false);
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host')) FROM generate_series(1, 2) i;

CREATE TEMP TABLE moved (moves text, state text, next text);
CREATE FUNCTION pg_temp.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO moved VALUES (TG_TABLE_NAME, OLD.state, NEW.state);
  RETURN NULL;
END
$$;
CREATE TRIGGER test_note AFTER UPDATE ON pgaf_upgrade.step FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION pg_temp.note();
CREATE TRIGGER test_note AFTER UPDATE ON pgaf_upgrade.run FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION pg_temp.note();

-- brings the run to a state in which its next event would move it, as far as one can
CREATE FUNCTION pg_temp.put(run_state text) RETURNS void LANGUAGE sql AS $$
  UPDATE pgaf_upgrade.run SET state = run_state;
  UPDATE pgaf_upgrade.step SET lease_digest = sha256(uuid_send(test.token(nodeid))), state =
    CASE WHEN run_state = 'preparing' AND (nodeid, name) = (1, 'dry_run') THEN 'running'
         WHEN run_state = 'switching' AND (nodeid, name) = (2, 'stop') THEN 'running'
         WHEN run_state = 'restoring' AND (nodeid, name) = (2, 'verify') THEN 'running'
         WHEN phase = 'prepare' OR (phase = 'switch' AND run_state = 'switching') OR run_state IN ('restoring', 'finished') THEN 'done'
         ELSE 'pending' END;
  TRUNCATE moved;
$$;
-- what a call moves in that state, on a node's step of that state where one is named
CREATE FUNCTION pg_temp.try(run_state text, step_state text, call text) RETURNS SETOF moved LANGUAGE plpgsql AS $$
DECLARE
  found moved[];
BEGIN
  BEGIN
    PERFORM pg_temp.put(run_state);
    IF step_state IS NOT NULL THEN
      UPDATE pgaf_upgrade.step SET state = CASE ordinal WHEN 1 THEN step_state ELSE 'pending' END WHERE nodeid = 1;
      TRUNCATE moved;
    END IF;
    BEGIN
      EXECUTE call;
    EXCEPTION WHEN SQLSTATE 'PU002' OR SQLSTATE 'PU005' OR SQLSTATE 'PU009' THEN
      NULL; -- refused in this state
    END;
    SELECT array_agg(m) INTO found FROM moved m;
    RAISE EXCEPTION 'taken back' USING ERRCODE = 'TEST0';
  EXCEPTION WHEN SQLSTATE 'TEST0' THEN
    RETURN QUERY SELECT * FROM unnest(found);
  END;
END
$$;
-- a rollback after a switch that failed
CREATE FUNCTION pg_temp.give_back() RETURNS void LANGUAGE sql AS $$UPDATE pgaf_upgrade.run SET give_back_reason = 'why'$$;
CREATE TEMP TABLE call (call text);
INSERT INTO call
SELECT format('SELECT pgaf_upgrade_%s', c) FROM unnest(ARRAY[
  'approve(1)', $$approve(1, 'infinity')$$, $$abort(1, 'why')$$, $$rollback(1, 'why')$$, $$rollback(1, 'why', true)$$, 'retry(1)', $$waive_check(1, 'node_1', 'none', 'why')$$,
  $$attach(1, test.token(1), '1.0', 'host')$$, $$attach(1, test.token(1), '1.0', 'host', retry_failed => false)$$,
  $$attach(1, test.token(1), '1.0', 'host', resumed => true)$$,
  $$request_rollback(test.token(1), 'why')$$, $$finish_rollback(test.token(1), '{}')$$]) c
UNION ALL
SELECT $$SELECT pgaf_upgrade_finish_rollback(test.token(1), '{}') FROM pg_temp.give_back()$$
UNION ALL
SELECT format('SELECT pgaf_upgrade_%s', format(c, id, step))
  FROM (VALUES (1, 'discover'), (1, 'dry_run'), (1, 'relax_sync'), (2, 'stop'), (2, 'verify')) n (id, step),
       unnest(ARRAY['next_step(test.token(%s))', 'begin_step(test.token(%s), %L)', 'heartbeat(test.token(%s), %L)',
                    'finish_step(test.token(%s), %L)', $$fail_step(test.token(%s), %L, 'no')$$,
                    $$sync_journal(test.token(%s), '[{"step": "%s", "state": "done", "finished_at": "2025-01-01"}]')$$,
                    $$sync_journal(test.token(%s), '[{"step": "%s", "state": "failed", "finished_at": "2025-01-01"}]')$$]) c;
CREATE TEMP TABLE reached AS
SELECT DISTINCT t.* FROM call c, (SELECT DISTINCT unnest(ARRAY[state, next]) AS run_state FROM pgaf_upgrade.transitions() WHERE moves = 'run') r,
       pg_temp.try(r.run_state, NULL, c.call) t
UNION
SELECT t.* FROM call c, (SELECT DISTINCT unnest(ARRAY[state, next]) AS step_state FROM pgaf_upgrade.transitions() WHERE moves = 'step') s,
       pg_temp.try('preparing', s.step_state, c.call) t;
SELECT count(*) AS calls FROM call;
SELECT moves, state, next,
       CASE WHEN l.moves IS NULL THEN 'done, but not legal' WHEN r.moves IS NULL THEN 'legal, but not done' ELSE 'ok' END AS verdict
  FROM reached r FULL JOIN pgaf_upgrade.transitions() l USING (moves, state, next) ORDER BY 1, 2, 3;

DROP TRIGGER test_note ON pgaf_upgrade.step;
DROP TRIGGER test_note ON pgaf_upgrade.run;
SELECT test.reset();
