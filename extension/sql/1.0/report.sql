----------------------------------------------------------------------------------------------------
-- One run in one document, which status --json and --watch, --prometheus and report --html are made of:
-- read in one statement, so that all of it is of one moment. Times are seconds since 1970, by the monitor's
-- clock. Of what the steps have learned only what is listed here is shown.
----------------------------------------------------------------------------------------------------

CREATE FUNCTION pgaf_upgrade.epoch(moment timestamptz)
RETURNS numeric LANGUAGE sql STABLE
RETURN CASE WHEN moment IS NOT NULL
            THEN round(extract(epoch FROM least(greatest(moment, '1970-01-01 00:00:00+00'), '9999-12-31 00:00:00+00')), 3)
       END;
COMMENT ON FUNCTION pgaf_upgrade.epoch(timestamptz)
     IS 'seconds since 1970, to the millisecond; of an infinite time those of 1970 or of the year 9999';
REVOKE ALL ON FUNCTION pgaf_upgrade.epoch(timestamptz) FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.report_limit()
RETURNS int LANGUAGE sql IMMUTABLE
RETURN 16777216;
COMMENT ON FUNCTION pgaf_upgrade.report_limit()
     IS 'how many bytes of texts each part of the report has at most, since a document of JSON cannot have more than 256 MB';
REVOKE ALL ON FUNCTION pgaf_upgrade.report_limit() FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.report_nodes(run bigint)
RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object
         (
            'id', n.nodeid, 'name', n.nodename, 'host', n.nodehost, 'port', n.nodeport, 'formation', n.formationid,
            'group', n.groupid, 'role', n.role, 'rank', n.rank,
            'kept', n.kept AND n.released_at IS NULL,
            'old_system_identifier', pgaf_upgrade.sysidentifier_text(n.old_sysidentifier)::text,
            'new_system_identifier', pgaf_upgrade.sysidentifier_text(n.new_sysidentifier)::text,
            'old_server_version', pgaf_upgrade.text_in(l.discovered, 'old_server_version'),
            'old_pgautofailover', pgaf_upgrade.text_in(l.discovered, 'old_pgautofailover'),
            'new_server_version', pgaf_upgrade.text_in(l.verified, 'server_version'),
            'new_pgautofailover', pgaf_upgrade.text_in(l.verified, 'pgautofailover'),
            'data_directory', pgaf_upgrade.text_in(l.discovered, 'pgdata'),
            'data_bytes', pgaf_upgrade.number_in(l.discovered, '{size,bytes}'),
            'helper_version', n.helper_version, 'helper_host', n.lease_host,
            'helper_heard_at', pgaf_upgrade.epoch(n.lease_heartbeat),
            'checks_passed', c.passed, 'checks_failed', c.failed, 'checks_waived', c.waived,
            'rollback_asked_at', pgaf_upgrade.epoch(b.asked_at), 'rollback_done_at', pgaf_upgrade.epoch(b.done_at),
            'undone', pgaf_upgrade.texts_in(b.result, 'undone'), 'discarded', pgaf_upgrade.text_in(b.result, 'discarded')
         ) ORDER BY n.role = 'monitor', n.formationid, n.groupid, n.role, n.rank, n.nodeid), '[]')
    FROM pgaf_upgrade.node n
         LEFT JOIN pgaf_upgrade.rollback b USING (runid, nodeid)
         CROSS JOIN LATERAL (SELECT (SELECT s.result FROM pgaf_upgrade.step s WHERE s.runid = n.runid
                                        AND s.nodeid = n.nodeid AND s.name = 'discover') AS discovered,
                                    (SELECT s.result FROM pgaf_upgrade.step s WHERE s.runid = n.runid
                                        AND s.nodeid = n.nodeid AND s.name = 'verify') AS verified) l
         CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE r.passed) AS passed,
                                    count(*) FILTER (WHERE NOT r.passed AND r.waived_at IS NULL) AS failed,
                                    count(*) FILTER (WHERE NOT r.passed AND r.waived_at IS NOT NULL) AS waived
                               FROM pgaf_upgrade.check_result r
                              WHERE r.runid = n.runid AND r.nodeid = n.nodeid AND r.severity = 'error') c
   WHERE n.runid = $1
$$;
COMMENT ON FUNCTION pgaf_upgrade.report_nodes(bigint)
     IS 'the nodes of a run: versions and identifiers before and after, its helper, checks of severity error, rollback';
REVOKE ALL ON FUNCTION pgaf_upgrade.report_nodes(bigint) FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.report_steps(run bigint)
RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object
         (
            'node', s.nodeid, 'step', s.name, 'phase', s.phase, 'state', s.state, 'attempts', s.attempts,
            'first_started_at', pgaf_upgrade.epoch(s.first_started_at),
            'started_at', pgaf_upgrade.epoch(s.started_at), 'finished_at', pgaf_upgrade.epoch(s.finished_at),
            'progress', CASE WHEN s.fits THEN s.progress ELSE left(s.progress, 80) END,
            'error', CASE WHEN s.fits THEN s.error ELSE left(s.error, 80) END,
            'hint', CASE WHEN s.fits THEN s.hint ELSE left(s.hint, 80) END,
            'warnings', CASE WHEN s.fits OR s.warnings = '[]' THEN s.warnings
                             ELSE jsonb_build_array(s.warnings -> 0) END,
            'acknowledged_at', pgaf_upgrade.epoch(s.acknowledged_at), 'acknowledged_by', s.acknowledged_by,
            'acknowledge_note', left(s.acknowledge_note, 2000)
         ) ORDER BY s.place), '[]')
    FROM (SELECT s.nodeid, s.name, s.phase, s.state, s.attempts, s.first_started_at, s.started_at, s.finished_at,
                 t.progress, s.error, s.hint, t.warnings, s.acknowledged_at,
                 s.acknowledged_by, s.acknowledge_note, row_number() OVER reading AS place,
                 sum(octet_length(concat(t.progress, s.error, s.hint, t.warnings))) OVER reading
                 <= pgaf_upgrade.report_limit() AS fits
            FROM pgaf_upgrade.step s
                 JOIN pgaf_upgrade.node n USING (runid, nodeid)
                 CROSS JOIN LATERAL (SELECT coalesce(s.progress, pgaf_upgrade.unreadable(
                                               s.name, s.result, s.started_at, s.finished_at)) AS progress,
                                           CASE WHEN s.state = 'done' THEN coalesce(pgaf_upgrade.warnings_in(s.result), '[]')
                                                ELSE '[]' END AS warnings) t
           WHERE s.runid = $1
          WINDOW reading AS (ORDER BY n.role = 'monitor', n.formationid, n.groupid, n.role, n.rank, n.nodeid,
                                      s.ordinal)) s
$$;
COMMENT ON FUNCTION pgaf_upgrade.report_steps(bigint)
     IS 'the steps of a run, node by node; where their texts are too much for one document, the beginning of each';
REVOKE ALL ON FUNCTION pgaf_upgrade.report_steps(bigint) FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.report_carried(run bigint)
RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  WITH carried AS
   (
      -- a secondary has its own files again by its rebuild, from the list that it made when it stopped
      SELECT s.nodeid, pgaf_upgrade.texts_in(s.result, 'files') AS files,
             coalesce(pgaf_upgrade.changes_in(prepared.result), '[]') AS changes
        FROM pgaf_upgrade.step s
             JOIN pgaf_upgrade.node n USING (runid, nodeid)
             JOIN pgaf_upgrade.step placed ON placed.runid = s.runid AND placed.nodeid = s.nodeid
              AND placed.name = CASE n.role WHEN 'secondary' THEN 'rebuild' ELSE 'carry' END
             LEFT JOIN pgaf_upgrade.step prepared ON prepared.runid = s.runid AND prepared.nodeid = s.nodeid
              AND prepared.name = 'configure'
       WHERE s.runid = $1 AND s.name = CASE n.role WHEN 'secondary' THEN 'stop' ELSE 'carry' END
         AND placed.state = 'done' AND pgaf_upgrade.texts_in(s.result, 'files') IS NOT NULL
   ),
   counted AS
   (
      SELECT c.*, sum(octet_length(c.files::text) + octet_length(c.changes::text)) OVER (ORDER BY c.nodeid) AS bytes
        FROM carried c
   )
  SELECT coalesce(jsonb_agg(jsonb_build_object('node', c.nodeid, 'files', c.files, 'changes', c.changes)
                            ORDER BY c.nodeid), '[]')
    FROM counted c WHERE c.bytes <= pgaf_upgrade.report_limit()
$$;
COMMENT ON FUNCTION pgaf_upgrade.report_carried(bigint)
     IS 'the files that each node has carried over, and what was changed in them';
REVOKE ALL ON FUNCTION pgaf_upgrade.report_carried(bigint) FROM PUBLIC;

CREATE FUNCTION pgaf_upgrade.report_records(run bigint)
RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT jsonb_build_object
         (
            'checks',
            (SELECT coalesce(jsonb_agg(jsonb_build_object
                    ('node', c.nodeid, 'check', c.check_name, 'severity', c.severity, 'passed', c.passed,
                     'found', c.found, 'meaning', c.meaning, 'remedy', c.remedy, 'data_loss', c.data_loss,
                     'reported_at', pgaf_upgrade.epoch(c.reported_at), 'waived_at', pgaf_upgrade.epoch(c.waived_at),
                     'waived_by', c.waived_by, 'waive_reason', c.waive_reason)
                    ORDER BY c.place), '[]')
               FROM (SELECT r.*, row_number() OVER reading AS place,
                            sum(octet_length(concat(r.found, r.meaning, r.remedy, r.waive_reason))) OVER reading AS bytes
                       FROM pgaf_upgrade.check_result r WHERE r.runid = $1
                     WINDOW reading AS (ORDER BY r.passed, array_position(ARRAY['error', 'warning', 'note'], r.severity),
                                                 r.check_name, r.nodeid)) c
              WHERE c.bytes <= pgaf_upgrade.report_limit()),
            'carried', pgaf_upgrade.report_carried($1),
            'identifiers',
            (SELECT coalesce(jsonb_agg(jsonb_build_object
                    ('node', i.nodename, 'formation', i.formationid, 'group', i.groupid,
                     'before', pgaf_upgrade.sysidentifier_text(i.before)::text,
                     'after', pgaf_upgrade.sysidentifier_text(i.after)::text,
                     'changed_at', pgaf_upgrade.epoch(i.changed_at), 'changed_by', i.changed_by)
                    ORDER BY i.changeid), '[]')
               FROM pgaf_upgrade.sysidentifier_change i WHERE i.runid = $1),
            'backups',
            (SELECT coalesce(jsonb_agg(jsonb_build_object
                    ('label', b.label, 'tool', b.tool, 'formation', b.formationid, 'node', b.nodename,
                     'location', b.location, 'taken_at', pgaf_upgrade.epoch(b.taken_at),
                     'verified_at', pgaf_upgrade.epoch(b.verified_at), 'note', left(b.note, 2000),
                     'recorded_by', b.recorded_by, 'claimed', b.claimed)
                    ORDER BY b.backupid), '[]')
               FROM (SELECT * FROM pgaf_upgrade.backup WHERE runid = $1 ORDER BY backupid DESC LIMIT 1000) b),
            'events',
            (SELECT coalesce(jsonb_agg(jsonb_build_object
                    ('id', e.eventid, 'at', pgaf_upgrade.epoch(e.happened_at), 'node', e.nodeid, 'step', e.step,
                     'kind', e.kind, 'state', e.state, 'message', e.message, 'by', e.by_user,
                     'from', e.by_address)
                    ORDER BY e.eventid), '[]')
               FROM (SELECT v.*, sum(100 + octet_length(concat(v.message))) OVER (ORDER BY v.eventid DESC) AS bytes
                       FROM pgaf_upgrade.event v WHERE v.runid = $1) e
              WHERE e.bytes <= pgaf_upgrade.report_limit())
         )
$$;
COMMENT ON FUNCTION pgaf_upgrade.report_records(bigint)
     IS 'what was found and done in a run: checks, files carried over, identifiers, backups, events; where that is too much for one document, of checks the gravest and of events and backups the newest';
REVOKE ALL ON FUNCTION pgaf_upgrade.report_records(bigint) FROM PUBLIC;

CREATE FUNCTION @extschema@.pgaf_upgrade_report(run bigint DEFAULT NULL, with_records boolean DEFAULT true)
RETURNS jsonb LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT jsonb_build_object
         (
            'at', pgaf_upgrade.epoch(clock_timestamp()),
            'run', r.runid, 'state', r.state, 'formation', r.formationid, 'groups', to_jsonb(r.groups),
            'include_monitor', r.include_monitor, 'source_version', r.source_version,
            'target_version', r.target_version, 'method', r.method, 'standby_method', r.standby_method,
            'note', r.note, 'started_at', pgaf_upgrade.epoch(r.started_at), 'started_by', r.started_by,
            'approved_at', pgaf_upgrade.epoch(r.approved_at), 'approved_by', r.approved_by,
            'not_before', pgaf_upgrade.epoch(r.not_before),
            'ended_at', pgaf_upgrade.epoch(r.ended_at), 'ended_by', r.ended_by, 'end_reason', r.end_reason,
            'discards_new_data', r.discards_new_data,
            'expected_refused_s', round(extract(epoch FROM e.writes_refused), 1),
            'redundancy_after_s', round(extract(epoch FROM t.redundancy_after), 1),
            'expected_redundancy_after_s', round(extract(epoch FROM e.redundancy_after), 1),
            'waiting_for', CASE WHEN r.ended_at IS NULL THEN pgaf_upgrade.waiting_for(r.runid) END,
            'nodes', pgaf_upgrade.report_nodes(r.runid),
            'steps', pgaf_upgrade.report_steps(r.runid),
            'maintenance',
            (SELECT coalesce(jsonb_agg(jsonb_build_object
                    ('node', m.nodeid, 'started_at', pgaf_upgrade.epoch(m.started_at),
                     'ended_at', pgaf_upgrade.epoch(m.ended_at)) ORDER BY m.maintenanceid), '[]')
               FROM pgaf_upgrade.maintenance m WHERE m.runid = r.runid)
         ) || CASE WHEN $2 IS FALSE THEN '{}' ELSE pgaf_upgrade.report_records(r.runid) END
    FROM pgaf_upgrade.run r, pgaf_upgrade.switch_times(r.runid) t, pgaf_upgrade.estimates(r.runid) e
   WHERE r.runid = pgaf_upgrade.shown_run($1)
$$;
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_report(bigint, boolean)
     IS 'all that is known of one run (the newest unless told) in one document, without checks and events where with_records is false; null where there is no such run; times are seconds since 1970';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_report(bigint, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_report(bigint, boolean) TO pgaf_upgrade_reader;
