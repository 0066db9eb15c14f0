-- What no data depends on holds up nothing: it is a warning, open until somebody acknowledges it.
\pset null '-'
SELECT test.reset();
SELECT test.node(1, 'primary'), test.node(2, 'secondary');
SELECT pgaf_upgrade_start(18);
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM generate_series(0, 2) i;
SELECT count(*) > 0 AS prepared FROM test.drive('{0,1,2}');
SELECT pgaf_upgrade_approve();
-- two steps of the primary end with warnings
CREATE FUNCTION test.drive_with(node bigint, warnings jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  due text;
BEGIN
  LOOP
    PERFORM count(*) FROM test.drive(ARRAY(SELECT generate_series(0, 2) EXCEPT SELECT node));
    SELECT n.step INTO due FROM pgaf_upgrade_next_step(test.token(node)) n;
    EXIT WHEN due IS NULL;
    PERFORM pgaf_upgrade_begin_step(test.token(node), due);
    PERFORM pgaf_upgrade_finish_step(test.token(node), due, coalesce(jsonb_build_object('warnings', warnings -> due), '{}'));
  END LOOP;
END
$$;
SELECT test.drive_with(1, '{"statistics": [{"object": "statistics of public.t in database \"aaa\"", "error": "function inner_f(text) does not exist", "remedy": "In database \"aaa\": ANALYZE public.t;"},
                                          {"object": "statistics of public.u in database \"aaa\"", "error": "lock timeout", "remedy": "In database \"aaa\": ANALYZE public.u;"}],
                            "update_extensions": [{"object": "extension x in database \"aaa\"", "error": "cannot drop view", "remedy": "ALTER EXTENSION x UPDATE;"}], "verify": []}');
SELECT state, steps_done = steps AS all_done, warnings, warned FROM pgaf_upgrade_status();
SELECT node, step, state, warnings, acknowledged FROM pgaf_upgrade_progress() WHERE state <> 'done';
SELECT warnings, warnings_open FROM pgaf_upgrade_history();
SELECT message FROM pgaf_upgrade_events() WHERE message LIKE 'with warnings%' ORDER BY message;
SELECT s ->> 'step' AS step, s ->> 'state' AS state, jsonb_array_length(s -> 'warnings') AS warnings, s -> 'acknowledged_at' AS acknowledged
  FROM jsonb_array_elements(pgaf_upgrade_report() -> 'steps') s WHERE s -> 'warnings' <> '[]' ORDER BY 1;
SELECT count(*) AS steps_without FROM jsonb_array_elements(pgaf_upgrade_report() -> 'steps') s WHERE s -> 'warnings' = '[]' AND s ->> 'state' = 'done';

-- the operator takes note
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_acknowledge(NULL, 'seen')$$, $$SELECT pgaf_upgrade_acknowledge(99, 'seen')$$,
  $$SELECT pgaf_upgrade_acknowledge(1, NULL)$$, $$SELECT pgaf_upgrade_acknowledge(1, ' ')$$);
SELECT pgaf_upgrade_acknowledge(1, 'ticket 7');
SELECT state, warnings, warned FROM pgaf_upgrade_status();
SELECT node, step, state, warnings, replace(acknowledged, session_user, '<me>') AS acknowledged FROM pgaf_upgrade_progress() WHERE warnings IS NOT NULL;
SELECT warnings, warnings_open FROM pgaf_upgrade_history();
SELECT node, step, kind, state, message FROM pgaf_upgrade_events() WHERE kind = 'acknowledged' ORDER BY step;
SELECT s ->> 'step' AS step, s ->> 'acknowledged_by' = session_user AS by_me, s ->> 'acknowledge_note' AS note, jsonb_typeof(s -> 'acknowledged_at') AS at
  FROM jsonb_array_elements(pgaf_upgrade_report() -> 'steps') s WHERE s -> 'warnings' <> '[]' ORDER BY 1;
SELECT refused FROM test.refusals($$SELECT pgaf_upgrade_acknowledge(1, 'again')$$);

-- of no other form; and what is in a row all the same is told as that
SELECT test.reset();
SELECT test.node(1, 'primary');
SELECT pgaf_upgrade_start(18);
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM generate_series(0, 1) i;
SELECT pgaf_upgrade_begin_step(test.token(1), 'discover');
SELECT refused FROM test.refusals(
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"warnings": 7}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"warnings": [7]}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"warnings": [{"object": "t", "error": "e"}]}')$$,
  $$SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"warnings": [{"object": "t", "error": "\u001b[2J", "remedy": "r"}]}')$$);
SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"warnings": []}');
SELECT warnings FROM pgaf_upgrade_status();
UPDATE pgaf_upgrade.step SET result = '{"warnings": {"object": 1}}' WHERE nodeid = 1 AND name = 'discover';
SELECT warnings FROM pgaf_upgrade_status();
SELECT state, progress, warnings FROM pgaf_upgrade_progress() WHERE node = 'node_1' AND step = 'discover';
DROP FUNCTION test.drive_with;
SELECT test.reset();
