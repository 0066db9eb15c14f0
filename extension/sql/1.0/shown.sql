----------------------------------------------------------------------------------------------------
-- Shown to pgaf_upgrade_reader. They only read. What is in the tables has been
-- looked at when a helper told it, and is looked at again here: whatever a row has, it is in the way of no other.
----------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.pgaf_upgrade_steps()
RETURNS TABLE
 (
    role         text,
    ordinal      int,
    step         text,
    phase        text,
    guide_step   text,
    title        text,
    background   boolean,
    offline      boolean,
    requirements text,
    worth        text
 )
LANGUAGE C IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_steps';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_steps()
     IS 'every step of an upgrade, by role and in order, as the library knows them';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_steps() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_steps() TO pgaf_upgrade_reader;

CREATE FUNCTION pgaf_upgrade.transitions()
RETURNS TABLE (moves text, state text, next text, by text)
LANGUAGE C IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_transitions';
COMMENT ON FUNCTION pgaf_upgrade.transitions() IS 'which state of a step or a run may follow which, as the library knows them';
REVOKE ALL ON FUNCTION pgaf_upgrade.transitions() FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.waiting_for(run bigint)
RETURNS text LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_waiting_for';
COMMENT ON FUNCTION pgaf_upgrade.waiting_for(bigint) IS 'what a run waits for, in words; null when it has ended';
REVOKE ALL ON FUNCTION pgaf_upgrade.waiting_for(bigint) FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.sysidentifier_text(stored bigint)
RETURNS numeric LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT CASE WHEN stored < 0 THEN stored::numeric + 18446744073709551616 ELSE stored::numeric END $$;
COMMENT ON FUNCTION pgaf_upgrade.sysidentifier_text(bigint)
     IS 'a system identifier as pg_controldata prints it, from the bigint that holds its bits';
REVOKE ALL ON FUNCTION pgaf_upgrade.sysidentifier_text(bigint) FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.shown_run(run bigint)
RETURNS bigint LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT coalesce(run, (SELECT max(runid) FROM pgaf_upgrade.run)) $$;
COMMENT ON FUNCTION pgaf_upgrade.shown_run(bigint) IS 'the run that was asked for, or the newest';
REVOKE ALL ON FUNCTION pgaf_upgrade.shown_run(bigint) FROM PUBLIC;

-- These are parsed when they are made, so that no search_path can turn them, and the planner puts them into what calls
-- them.
CREATE FUNCTION pgaf_upgrade.moment(given timestamptz)
RETURNS timestamptz LANGUAGE sql IMMUTABLE
RETURN CASE WHEN given BETWEEN '2000-01-01 00:00:00+00' AND '9999-12-31 00:00:00+00' THEN given END;
COMMENT ON FUNCTION pgaf_upgrade.moment(timestamptz) IS 'a time that can be reckoned with, null for any other';
REVOKE ALL ON FUNCTION pgaf_upgrade.moment(timestamptz) FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.number_in(document jsonb, path text[])
RETURNS numeric LANGUAGE sql IMMUTABLE
RETURN CASE WHEN jsonb_typeof(document #> path) = 'number' THEN
            CASE WHEN (document #>> path)::numeric BETWEEN 0 AND 9007199254740992 THEN (document #>> path)::numeric END
       END;
COMMENT ON FUNCTION pgaf_upgrade.number_in(jsonb, text[])
     IS 'a number of a document, null where there is none that is of a size to be reckoned with';
REVOKE ALL ON FUNCTION pgaf_upgrade.number_in(jsonb, text[]) FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.text_in(document jsonb, member text)
RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN jsonb_typeof(document -> member) = 'string' THEN left(document ->> member, 4096) END;
COMMENT ON FUNCTION pgaf_upgrade.text_in(jsonb, text) IS 'a text of a document, null where there is none';
REVOKE ALL ON FUNCTION pgaf_upgrade.text_in(jsonb, text) FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.texts_in(document jsonb, member text)
RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN CASE WHEN jsonb_typeof(document -> member) = 'array'
             AND NOT jsonb_path_exists(document -> member, '$[*] ? (@.type() <> "string")') THEN document -> member END;
COMMENT ON FUNCTION pgaf_upgrade.texts_in(jsonb, text) IS 'a list of texts of a document, null where there is none';
REVOKE ALL ON FUNCTION pgaf_upgrade.texts_in(jsonb, text) FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.changes_in(document jsonb)
RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN CASE WHEN jsonb_typeof(document -> 'changes') = 'array'
             AND NOT jsonb_path_exists(document -> 'changes', '$[*] ? (
                       @.type() <> "object" || !exists(@.line ? (@.type() == "number")) ||
                       !exists(@.file ? (@.type() == "string")) || !exists(@.before ? (@.type() == "string")) ||
                       !exists(@.after ? (@.type() == "string")))') THEN document -> 'changes' END;
COMMENT ON FUNCTION pgaf_upgrade.changes_in(jsonb)
     IS 'the changes of lines that a step tells of, null where there are none';
REVOKE ALL ON FUNCTION pgaf_upgrade.changes_in(jsonb) FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.warnings_in(document jsonb)
RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN CASE WHEN jsonb_typeof(document -> 'warnings') = 'array' AND document -> 'warnings' <> '[]'
             AND NOT jsonb_path_exists(document -> 'warnings', '$[*] ? (
                       @.type() <> "object" || !exists(@.object ? (@.type() == "string")) ||
                       !exists(@.error ? (@.type() == "string")) || !exists(@.remedy ? (@.type() == "string")))')
            THEN document -> 'warnings' END;
COMMENT ON FUNCTION pgaf_upgrade.warnings_in(jsonb)
     IS 'what a step could not do and no data depends on, null where there is nothing';
REVOKE ALL ON FUNCTION pgaf_upgrade.warnings_in(jsonb) FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.warnings_text(document jsonb)
RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT left(string_agg(format('%s: %s | %s', w ->> 'object', w ->> 'error', w ->> 'remedy'), E'\n'
                         ORDER BY place), 8000)
    FROM jsonb_array_elements(pgaf_upgrade.warnings_in($1)) WITH ORDINALITY AS warning (w, place)
$$;
COMMENT ON FUNCTION pgaf_upgrade.warnings_text(jsonb) IS 'the same in words, a line each: what, why, and what to do';
REVOKE ALL ON FUNCTION pgaf_upgrade.warnings_text(jsonb) FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.warnings(run bigint)
RETURNS TABLE (nodeid bigint, step text, number int, open int, in_words text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT s.nodeid, s.name, jsonb_array_length(w.list),
         CASE WHEN s.acknowledged_at IS NULL THEN jsonb_array_length(w.list) ELSE 0 END,
         pgaf_upgrade.warnings_text(s.result)
    FROM pgaf_upgrade.step s, LATERAL (SELECT pgaf_upgrade.warnings_in(s.result) AS list) w
   WHERE s.runid = $1 AND s.state = 'done' AND w.list IS NOT NULL
$$;
COMMENT ON FUNCTION pgaf_upgrade.warnings(bigint)
     IS 'the steps of a run that are done with warnings: how many, and how many of them nobody has acknowledged';
REVOKE ALL ON FUNCTION pgaf_upgrade.warnings(bigint) FROM PUBLIC;

-- Of what no helper can tell any more, in rows of a time when it could.
CREATE FUNCTION pgaf_upgrade.unreadable(step text, result jsonb, started_at timestamptz, finished_at timestamptz)
RETURNS text LANGUAGE sql IMMUTABLE
RETURN 'not readable: ' || CASE
       WHEN started_at IS NOT NULL AND pgaf_upgrade.moment(started_at) IS NULL
         OR finished_at IS NOT NULL AND pgaf_upgrade.moment(finished_at) IS NULL THEN 'a time of the step'
       WHEN jsonb_typeof(result) <> 'object' THEN 'the result, which is no object'
       WHEN step IN ('check', 'rehearse') AND jsonb_typeof(result #> '{estimate,seconds}') <> 'null'
            AND pgaf_upgrade.number_in(result, '{estimate,seconds}') IS NULL THEN 'seconds of the estimate'
       WHEN step = 'discover' AND jsonb_typeof(result #> '{size,bytes}') <> 'null'
            AND pgaf_upgrade.number_in(result, '{size,bytes}') IS NULL THEN 'bytes of the size'
       WHEN step IN ('configure', 'stop', 'carry') AND jsonb_typeof(result -> 'files') <> 'null'
            AND pgaf_upgrade.texts_in(result, 'files') IS NULL THEN 'files'
       WHEN step = 'configure' AND jsonb_typeof(result -> 'changes') <> 'null'
            AND pgaf_upgrade.changes_in(result) IS NULL THEN 'changes'
       WHEN jsonb_typeof(result -> 'warnings') <> 'null' AND result -> 'warnings' <> '[]'
            AND pgaf_upgrade.warnings_in(result) IS NULL THEN 'warnings' END;
COMMENT ON FUNCTION pgaf_upgrade.unreadable(text, jsonb, timestamptz, timestamptz)
     IS 'what cannot be read of a step, in words; null where all can';
REVOKE ALL ON FUNCTION pgaf_upgrade.unreadable(text, jsonb, timestamptz, timestamptz) FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.switch_times(run bigint)
RETURNS TABLE (refused_at timestamptz, accepted_at timestamptz, writes_refused interval, redundancy_after interval)
LANGUAGE sql STABLE ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
  WITH switched AS
   (
      SELECT n.formationid, n.groupid, pgaf_upgrade.moment(stop.first_started_at) AS refused_at,
             -- by the new cluster, or by the old one that serves again
             coalesce(CASE WHEN start.state = 'done' THEN pgaf_upgrade.moment(start.finished_at) END,
                      back.done_at) AS accepted_at
        FROM pgaf_upgrade.node n
             JOIN pgaf_upgrade.step stop USING (runid, nodeid)
             JOIN pgaf_upgrade.step start USING (runid, nodeid)
             LEFT JOIN pgaf_upgrade.rollback back USING (runid, nodeid)
       WHERE n.runid = $1 AND n.role = 'primary' AND stop.name = 'stop' AND start.name = 'start'
         AND stop.first_started_at IS NOT NULL
   ),
   rejoined AS
   (
      SELECT n.formationid, n.groupid, max(pgaf_upgrade.moment(s.finished_at)) AS redundant_at
        FROM pgaf_upgrade.node n JOIN pgaf_upgrade.step s USING (runid, nodeid)
       WHERE n.runid = $1 AND n.role = 'secondary' AND s.name = 'rejoin'
    GROUP BY n.formationid, n.groupid
      HAVING bool_and(s.state = 'done')
   )
  SELECT min(w.refused_at),
         CASE WHEN bool_and(w.accepted_at IS NOT NULL) THEN max(w.accepted_at) END,
         max(coalesce(w.accepted_at, clock_timestamp()) - w.refused_at),
         CASE WHEN count(j.redundant_at) = (SELECT count(DISTINCT (n.formationid, n.groupid)) FROM pgaf_upgrade.node n
                                             WHERE n.runid = $1 AND n.role = 'secondary')
              THEN max(j.redundant_at - w.refused_at) END
    FROM switched w LEFT JOIN rejoined j USING (formationid, groupid)
$$;
COMMENT ON FUNCTION pgaf_upgrade.switch_times(bigint)
     IS 'when writes were refused and accepted again in a run, and for how long in the group that had to wait longest; one row';
REVOKE ALL ON FUNCTION pgaf_upgrade.switch_times(bigint) FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.redundancy_estimate(writes_refused float8, rebuild float8, monitor_away float8)
RETURNS float8 LANGUAGE C IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_redundancy_estimate';
COMMENT ON FUNCTION pgaf_upgrade.redundancy_estimate(float8, float8, float8)
     IS 'seconds until redundancy is back, from those in which writes are refused, a standby is rebuilt, the monitor is away';
REVOKE ALL ON FUNCTION pgaf_upgrade.redundancy_estimate(float8, float8, float8) FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.estimates(run bigint)
RETURNS TABLE (writes_refused interval, redundancy_after interval)
LANGUAGE sql STABLE ROWS 1
SET search_path = pg_catalog, pg_temp
AS $$
  WITH told AS
   (
      -- one that is kept is rebuilt when the operator says so; what is upgraded is rehearsed
      SELECT n.role, n.formationid, n.groupid,
             max(CASE WHEN NOT n.kept AND pgaf_upgrade.number_in(s.result, '{estimate,seconds}') <= 1000000000
                      THEN pgaf_upgrade.number_in(s.result, '{estimate,seconds}')::float8 END) AS seconds
        FROM pgaf_upgrade.node n JOIN pgaf_upgrade.step s USING (runid, nodeid)
       WHERE n.runid = $1 AND s.name IN ('check', 'rehearse')
    GROUP BY n.nodeid, n.role, n.formationid, n.groupid
   ),
   by_group AS
   (
      SELECT p.seconds AS refused,
             (SELECT CASE WHEN bool_and(s.seconds IS NOT NULL) THEN max(s.seconds) END FROM told s
               WHERE s.role = 'secondary' AND (s.formationid, s.groupid) = (p.formationid, p.groupid)) AS rebuild
        FROM told p WHERE p.role = 'primary'
   )
  SELECT CASE WHEN bool_and(g.refused IS NOT NULL) THEN make_interval(secs => round(max(g.refused)::numeric, 1)::float8) END,
         make_interval(secs => round(max(pgaf_upgrade.redundancy_estimate(g.refused, g.rebuild, coalesce(
             (SELECT m.seconds FROM told m WHERE m.role = 'monitor'), 0)))::numeric, 1)::float8)
    FROM by_group g
$$;
COMMENT ON FUNCTION pgaf_upgrade.estimates(bigint)
     IS 'what a run''s switch will take, by what its helpers estimated in checks and rehearsals; null until all have, redundancy also where a standby is kept; one row';
REVOKE ALL ON FUNCTION pgaf_upgrade.estimates(bigint) FROM PUBLIC;

CREATE FUNCTION @extschema@.pgaf_upgrade_status(run bigint DEFAULT NULL)
RETURNS TABLE
 (
    run              bigint,
    state            text,
    formation        text,
    source_version   int,
    target_version   int,
    nodes            int,
    steps_done       int,
    steps            int,
    waiting_for      text,
    failed           text,
    started_at       timestamptz,
    approved_at      timestamptz,
    writes_refused   interval,
    redundancy_after interval,
    ended_at         timestamptz,
    writes_refused_estimate   interval,
    redundancy_after_estimate interval,
    warnings                  int,
    warned                    text
 )
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT r.runid, r.state, r.formationid, r.source_version, r.target_version,
         (SELECT count(*)::int FROM pgaf_upgrade.node n WHERE n.runid = r.runid),
         (SELECT count(*)::int FROM pgaf_upgrade.step s WHERE s.runid = r.runid AND s.state = 'done'),
         (SELECT count(*)::int FROM pgaf_upgrade.step s WHERE s.runid = r.runid),
         pgaf_upgrade.waiting_for(r.runid),
         (SELECT string_agg(format('%s on %s: %s', s.name, n.nodename, left(s.error, 2000)), '; ' ORDER BY s.finished_at)
            FROM pgaf_upgrade.step s JOIN pgaf_upgrade.node n USING (runid, nodeid)
           WHERE s.runid = r.runid AND s.state = 'failed'),
         r.started_at, r.approved_at,
         t.writes_refused, t.redundancy_after, r.ended_at, e.writes_refused, e.redundancy_after,
         w.open, w.in_words
    FROM pgaf_upgrade.run r, pgaf_upgrade.switch_times(r.runid) t, pgaf_upgrade.estimates(r.runid) e,
         LATERAL (SELECT coalesce(sum(w.open), 0)::int AS open,
                         string_agg(format('%s on %s: %s', w.step, n.nodename, left(w.in_words, 2000)), '; '
                                    ORDER BY n.nodeid, w.step) AS in_words
                    FROM pgaf_upgrade.warnings(r.runid) w JOIN pgaf_upgrade.node n ON n.runid = r.runid
                     AND n.nodeid = w.nodeid WHERE w.open > 0) w
   WHERE r.runid = pgaf_upgrade.shown_run($1)
$$;
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_status(bigint)
     IS 'one run (the newest unless told) in one row: where it is, what it waits for, how long writes were refused';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_status(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_status(bigint) TO pgaf_upgrade_reader;

CREATE FUNCTION @extschema@.pgaf_upgrade_progress(run bigint DEFAULT NULL)
RETURNS TABLE
 (
    ordinal     int,
    node        text,
    role        text,
    step        text,
    guide_step  text,
    title       text,
    phase       text,
    state       text,
    attempt     int,
    started_at  timestamptz,
    finished_at timestamptz,
    elapsed     interval,
    progress    text,
    error       text,
    hint        text,
    warnings    text,
    acknowledged text
 )
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT (row_number() OVER reading)::int, n.nodename, n.role, s.name, d.guide_step, d.title, s.phase,
         CASE WHEN s.state = 'done' AND s.acknowledged_at IS NULL AND pgaf_upgrade.warnings_in(s.result) IS NOT NULL
              THEN 'done with warnings' ELSE s.state END,
         s.attempts, s.started_at, s.finished_at,
         CASE s.state WHEN 'pending' THEN NULL
                      WHEN 'running' THEN clock_timestamp() - pgaf_upgrade.moment(s.started_at)
                      ELSE pgaf_upgrade.moment(s.finished_at) - pgaf_upgrade.moment(s.started_at) END,
         coalesce(s.progress, pgaf_upgrade.unreadable(s.name, s.result, s.started_at, s.finished_at)), s.error, s.hint,
         CASE WHEN s.state = 'done' THEN pgaf_upgrade.warnings_text(s.result) END,
         s.acknowledged_by || ': ' || s.acknowledge_note
    FROM pgaf_upgrade.step s
         JOIN pgaf_upgrade.node n USING (runid, nodeid)
         LEFT JOIN @extschema@.pgaf_upgrade_steps() d ON d.role = n.role AND d.step = s.name
   WHERE s.runid = pgaf_upgrade.shown_run($1)
  WINDOW reading AS (ORDER BY array_position(ARRAY['prepare', 'switch', 'restore', 'finish'], s.phase),
                              n.role = 'monitor', n.formationid, n.groupid, n.role, n.rank, n.nodeid, s.ordinal)
ORDER BY 1
$$;
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_progress(bigint)
     IS 'every step of one run (the newest unless told), with the step of the guide that it replaces';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_progress(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_progress(bigint) TO pgaf_upgrade_reader;

CREATE FUNCTION @extschema@.pgaf_upgrade_checks(run bigint DEFAULT NULL)
RETURNS TABLE
 (
    node         text,
    check_name   text,
    severity     text,
    passed       boolean,
    found        text,
    meaning      text,
    remedy       text,
    data_loss    boolean,
    detail       text,
    waived_by    text,
    waive_reason text,
    reported_at  timestamptz
 )
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT n.nodename, c.check_name, c.severity, c.passed, c.found, c.meaning, c.remedy, c.data_loss, c.detail, c.waived_by,
         c.waive_reason, c.reported_at
    FROM pgaf_upgrade.check_result c JOIN pgaf_upgrade.node n USING (runid, nodeid)
   WHERE c.runid = pgaf_upgrade.shown_run($1)
ORDER BY c.passed, array_position(ARRAY['error', 'warning', 'note'], c.severity), n.nodeid, c.check_name
$$;
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_checks(bigint)
     IS 'what the checks of one run (the newest unless told) found, what has not passed first';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_checks(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_checks(bigint) TO pgaf_upgrade_reader;

CREATE FUNCTION @extschema@.pgaf_upgrade_software(run bigint DEFAULT NULL)
RETURNS TABLE (nodeid bigint, node text, software text, version text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT n.nodeid, n.nodename, s.key, s.value
    FROM pgaf_upgrade.node n,
         jsonb_each_text(CASE WHEN jsonb_typeof(n.software) = 'object' THEN n.software ELSE '{}' END) s
   WHERE n.runid = pgaf_upgrade.shown_run($1)
ORDER BY s.key, n.nodeid
$$;
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_software(bigint)
     IS 'the versions of the programs on each node of one run (the newest unless told), as its helper has reported them';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_software(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_software(bigint) TO pgaf_upgrade_reader;

CREATE FUNCTION @extschema@.pgaf_upgrade_events(run bigint DEFAULT NULL)
RETURNS TABLE
 (
    eventid     bigint,
    happened_at timestamptz,
    node        text,
    step        text,
    kind        text,
    state       text,
    message     text,
    by_user     text,
    by_address  text
 )
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT e.eventid, e.happened_at, n.nodename, e.step, e.kind, e.state, e.message, e.by_user, e.by_address
    FROM pgaf_upgrade.event e LEFT JOIN pgaf_upgrade.node n USING (runid, nodeid)
   WHERE e.runid = pgaf_upgrade.shown_run($1)
ORDER BY e.eventid
$$;
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_events(bigint)
     IS 'everything that happened in one run (the newest unless told), in order';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_events(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_events(bigint) TO pgaf_upgrade_reader;

CREATE FUNCTION @extschema@.pgaf_upgrade_history()
RETURNS TABLE
 (
    run                 bigint,
    state               text,
    formation           text,
    groups              int[],
    include_monitor     boolean,
    source_version      int,
    target_version      int,
    method              text,
    standby_method      text,
    nodes               int,
    started_at          timestamptz,
    started_by          text,
    approved_at         timestamptz,
    approved_by         text,
    writes_refused_at   timestamptz,
    writes_accepted_at  timestamptz,
    writes_refused      interval,
    redundancy_after    interval,
    ended_at            timestamptz,
    ended_by            text,
    end_reason          text,
    failures            int,
    checks_waived       int,
    backups             int,
    system_identifiers  text,
    note                text,
    writes_refused_estimate   interval,
    redundancy_after_estimate interval,
    warnings            int,
    warnings_open       int
 )
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT r.runid, r.state, r.formationid, r.groups, r.include_monitor, r.source_version, r.target_version, r.method,
         r.standby_method,
         (SELECT count(*)::int FROM pgaf_upgrade.node n WHERE n.runid = r.runid),
         r.started_at, r.started_by, r.approved_at, r.approved_by,
         t.refused_at, t.accepted_at, t.writes_refused, t.redundancy_after, r.ended_at, r.ended_by,
         r.end_reason,
         (SELECT count(*)::int FROM pgaf_upgrade.event e
           WHERE e.runid = r.runid AND e.kind = 'step' AND e.state = 'failed'),
         (SELECT count(*)::int FROM pgaf_upgrade.check_result c WHERE c.runid = r.runid AND c.waived_at IS NOT NULL),
         (SELECT count(*)::int FROM pgaf_upgrade.backup b WHERE b.runid = r.runid),
         (SELECT string_agg(format('%s: %s -> %s', CASE n.role WHEN 'monitor' THEN 'monitor'
                                                               ELSE format('%s/%s', n.formationid, n.groupid) END,
                                   pgaf_upgrade.sysidentifier_text(n.old_sysidentifier),
                                   pgaf_upgrade.sysidentifier_text(n.new_sysidentifier)),
                            '; ' ORDER BY n.role = 'monitor', n.formationid, n.groupid)
            FROM pgaf_upgrade.node n WHERE n.runid = r.runid AND n.new_sysidentifier IS NOT NULL),
         r.note, e.writes_refused, e.redundancy_after, w.number, w.open
    FROM pgaf_upgrade.run r, pgaf_upgrade.switch_times(r.runid) t, pgaf_upgrade.estimates(r.runid) e,
         LATERAL (SELECT coalesce(sum(w.number), 0)::int AS number, coalesce(sum(w.open), 0)::int AS open
                    FROM pgaf_upgrade.warnings(r.runid) w) w
ORDER BY r.runid
$$;
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_history()
     IS 'every run in one row: who, when, how long writes were refused, what failed, how it ended';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_history() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_history() TO pgaf_upgrade_reader;
