\echo Use "CREATE EXTENSION pgaf_upgrade" to load this file. \quit

-- Nothing here depends on an object of pgautofailover: its tables are read by the library at run
-- time, as text, so that its own update scripts and the monitor's pg_upgrade never meet us.

CREATE SCHEMA pgaf_upgrade;
COMMENT ON SCHEMA pgaf_upgrade IS 'what is known about upgrades of this pg_auto_failover cluster';
REVOKE ALL ON SCHEMA pgaf_upgrade FROM PUBLIC;

----------------------------------------------------------------------------------------------------
-- Tables. They belong to the extension's owner and nobody else has rights on them: every change goes
-- through a function, and no function updates or deletes a row of event.
----------------------------------------------------------------------------------------------------

CREATE TABLE pgaf_upgrade.run
 (
    runid           bigserial PRIMARY KEY,
    state           text NOT NULL DEFAULT 'preparing'
                    CHECK (state IN ('preparing', 'ready', 'approved', 'switching', 'restoring',
                                     'finished', 'aborted')),
    formationid     text,
    groups          int[],
    include_monitor boolean NOT NULL,
    source_version  int,
    target_version  int NOT NULL,
    method          text NOT NULL,
    standby_method  text NOT NULL,
    note            text,
    started_at      timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    started_by      text NOT NULL DEFAULT SESSION_USER,
    approved_at     timestamptz,
    approved_by     text,
    not_before      timestamptz,
    ended_at        timestamptz,
    end_reason      text
 );
COMMENT ON TABLE pgaf_upgrade.run IS 'one upgrade of a cluster, or of some of its groups';
COMMENT ON COLUMN pgaf_upgrade.run.formationid IS 'the formation that was asked for, null for all';
COMMENT ON COLUMN pgaf_upgrade.run.groups IS 'the groups that were asked for, null for all';
COMMENT ON COLUMN pgaf_upgrade.run.source_version IS 'major version to upgrade from, null until it is known';
COMMENT ON COLUMN pgaf_upgrade.run.not_before IS 'the approval holds from this time on, null for at once';

CREATE TABLE pgaf_upgrade.node
 (
    runid                bigint NOT NULL REFERENCES pgaf_upgrade.run,
    nodeid               bigint NOT NULL,
    nodename             text NOT NULL,
    nodehost             text NOT NULL,
    nodeport             int NOT NULL,
    formationid          text NOT NULL,
    groupid              int NOT NULL,
    role                 text NOT NULL CHECK (role IN ('monitor', 'primary', 'secondary')),
    rank                 int NOT NULL,
    replicationquorum    boolean,
    candidatepriority    int,
    number_sync_standbys int,
    old_sysidentifier    bigint,
    new_sysidentifier    bigint,
    lease_token          uuid,
    lease_heartbeat      timestamptz,
    lease_host           text,
    lease_pid            int,
    helper_version       text,

    PRIMARY KEY (runid, nodeid)
 );
CREATE INDEX node_lease_token ON pgaf_upgrade.node (lease_token);
COMMENT ON TABLE pgaf_upgrade.node IS 'a node of a run as it was when the run started, and the helper that works for it';
COMMENT ON COLUMN pgaf_upgrade.node.nodeid IS 'as in pgautofailover.node; 0 is the monitor';
COMMENT ON COLUMN pgaf_upgrade.node.rank IS 'the order in which the secondaries of a group enter maintenance, from 0';
COMMENT ON COLUMN pgaf_upgrade.node.number_sync_standbys IS 'the formation''s setting when the run started, to put back';
COMMENT ON COLUMN pgaf_upgrade.node.old_sysidentifier IS 'system identifier at the start of the run: the bits of an unsigned number';
COMMENT ON COLUMN pgaf_upgrade.node.new_sysidentifier IS 'system identifier of the new cluster: the bits of an unsigned number';
COMMENT ON COLUMN pgaf_upgrade.node.lease_pid IS 'the backend by which the helper last called';

CREATE TABLE pgaf_upgrade.step
 (
    runid            bigint NOT NULL,
    nodeid           bigint NOT NULL,
    ordinal          int NOT NULL,
    name             text NOT NULL,
    phase            text NOT NULL CHECK (phase IN ('prepare', 'switch', 'restore', 'finish')),
    state            text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'done', 'failed')),
    attempts         int NOT NULL DEFAULT 0,
    first_started_at timestamptz,
    started_at       timestamptz,
    finished_at      timestamptz,
    progress         text,
    result           jsonb,
    error            text,
    hint             text,
    detail           text,
    token            uuid,
    backend_pid      int,

    PRIMARY KEY (runid, nodeid, ordinal),
    UNIQUE (runid, nodeid, name),
    FOREIGN KEY (runid, nodeid) REFERENCES pgaf_upgrade.node
 );
COMMENT ON TABLE pgaf_upgrade.step IS 'the steps of a run, written when it starts';
COMMENT ON COLUMN pgaf_upgrade.step.first_started_at IS 'when the first attempt began; started_at is of the last';
COMMENT ON COLUMN pgaf_upgrade.step.token IS 'the lease under which the step was begun';
COMMENT ON COLUMN pgaf_upgrade.step.backend_pid IS 'the backend by which the step was begun';

CREATE TABLE pgaf_upgrade.event
 (
    eventid     bigserial PRIMARY KEY,
    runid       bigint REFERENCES pgaf_upgrade.run,
    nodeid      bigint,
    step        text,
    happened_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    kind        text NOT NULL,
    state       text,
    message     text,
    by_user     text NOT NULL DEFAULT SESSION_USER,
    by_address  text DEFAULT pg_catalog.host(pg_catalog.inet_client_addr())
 );
CREATE INDEX event_runid ON pgaf_upgrade.event (runid, eventid);
COMMENT ON TABLE pgaf_upgrade.event IS 'everything that happened, in order; rows are only ever added';

CREATE TABLE pgaf_upgrade.check_result
 (
    runid        bigint NOT NULL,
    nodeid       bigint NOT NULL,
    check_name   text NOT NULL,
    severity     text NOT NULL CHECK (severity IN ('error', 'warning', 'info')),
    passed       boolean NOT NULL,
    found        text,
    meaning      text,
    remedy       text,
    reported_at  timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    waived_at    timestamptz,
    waived_by    text,
    waive_reason text,

    PRIMARY KEY (runid, nodeid, check_name),
    FOREIGN KEY (runid, nodeid) REFERENCES pgaf_upgrade.node
 );
COMMENT ON TABLE pgaf_upgrade.check_result IS 'what the helpers'' checks found, the last result of each';

CREATE TABLE pgaf_upgrade.maintenance
 (
    maintenanceid bigserial PRIMARY KEY,
    runid         bigint REFERENCES pgaf_upgrade.run,
    nodeid        bigint NOT NULL,
    nodename      text NOT NULL,
    started_at    timestamptz NOT NULL,
    ended_at      timestamptz,
    reason        text
 );
COMMENT ON TABLE pgaf_upgrade.maintenance IS 'spans in which a node was in maintenance for an upgrade';

CREATE TABLE pgaf_upgrade.sysidentifier_change
 (
    changeid    bigserial PRIMARY KEY,
    runid       bigint REFERENCES pgaf_upgrade.run,
    formationid text NOT NULL,
    groupid     int NOT NULL,
    nodeid      bigint NOT NULL,
    nodename    text NOT NULL,
    before      bigint,
    after       bigint NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    changed_by  text NOT NULL DEFAULT SESSION_USER,
    by_address  text DEFAULT pg_catalog.host(pg_catalog.inet_client_addr())
 );
COMMENT ON TABLE pgaf_upgrade.sysidentifier_change IS 'every rewrite of a system identifier in pgautofailover.node';

CREATE TABLE pgaf_upgrade.backup
 (
    backupid    bigserial PRIMARY KEY,
    runid       bigint REFERENCES pgaf_upgrade.run,
    nodeid      bigint NOT NULL,
    kind        text NOT NULL,
    location    text NOT NULL,
    taken_at    timestamptz NOT NULL,
    verified_at timestamptz,
    recorded_by text NOT NULL DEFAULT SESSION_USER,
    note        text
 );
COMMENT ON TABLE pgaf_upgrade.backup IS 'backups that the operator relies on for a run';

REVOKE ALL ON ALL TABLES IN SCHEMA pgaf_upgrade FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA pgaf_upgrade FROM PUBLIC;

SELECT pg_catalog.pg_extension_config_dump('pgaf_upgrade.run', '');
SELECT pg_catalog.pg_extension_config_dump('pgaf_upgrade.run_runid_seq', '');
SELECT pg_catalog.pg_extension_config_dump('pgaf_upgrade.node', '');
SELECT pg_catalog.pg_extension_config_dump('pgaf_upgrade.step', '');
SELECT pg_catalog.pg_extension_config_dump('pgaf_upgrade.event', '');
SELECT pg_catalog.pg_extension_config_dump('pgaf_upgrade.event_eventid_seq', '');
SELECT pg_catalog.pg_extension_config_dump('pgaf_upgrade.check_result', '');
SELECT pg_catalog.pg_extension_config_dump('pgaf_upgrade.maintenance', '');
SELECT pg_catalog.pg_extension_config_dump('pgaf_upgrade.maintenance_maintenanceid_seq', '');
SELECT pg_catalog.pg_extension_config_dump('pgaf_upgrade.sysidentifier_change', '');
SELECT pg_catalog.pg_extension_config_dump('pgaf_upgrade.sysidentifier_change_changeid_seq', '');
SELECT pg_catalog.pg_extension_config_dump('pgaf_upgrade.backup', '');
SELECT pg_catalog.pg_extension_config_dump('pgaf_upgrade.backup_backupid_seq', '');

----------------------------------------------------------------------------------------------------
-- For the operator. Nobody but the owner may call them until they are granted.
----------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.pgaf_upgrade_start
 (
    target_version  int,
    formation       text DEFAULT NULL,
    groups          int[] DEFAULT NULL,
    include_monitor boolean DEFAULT true,
    method          text DEFAULT 'link',
    standby_method  text DEFAULT 'basebackup',
    note            text DEFAULT NULL
 )
RETURNS bigint LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_start';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_start(int, text, int[], boolean, text, text, text)
     IS 'plan an upgrade and let the helpers prepare it; returns the run';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_start(int, text, int[], boolean, text, text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.pgaf_upgrade_approve(run bigint DEFAULT NULL, not_before timestamptz DEFAULT NULL)
RETURNS text LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, MDY'
AS 'MODULE_PATHNAME', 'pgaf_upgrade_approve';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_approve(bigint, timestamptz)
     IS 'open the gate: from now on, or from not_before on, the helpers may switch; returns the state of the run';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_approve(bigint, timestamptz) FROM PUBLIC;

CREATE FUNCTION @extschema@.pgaf_upgrade_abort(run bigint, reason text)
RETURNS text LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_abort';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_abort(bigint, text)
     IS 'end a run that has not begun to switch; returns its state';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_abort(bigint, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.pgaf_upgrade_retry(run bigint, step text DEFAULT NULL)
RETURNS int LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_retry';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_retry(bigint, text)
     IS 'let failed steps (of that name, or all) be tried again; returns how many';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_retry(bigint, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.pgaf_upgrade_waive_check(run bigint, node text, check_name text, reason text)
RETURNS void LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_waive_check';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_waive_check(bigint, text, text, text)
     IS 'let a failed check of a node no longer stand in the way of the approval';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_waive_check(bigint, text, text, text) FROM PUBLIC;

----------------------------------------------------------------------------------------------------
-- The helpers' protocol. Anyone whom pg_hba.conf lets in as autoctl_node may call these: a call
-- moves only the step of the node whose lease its token holds.
----------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.pgaf_upgrade_attach
 (
    nodeid         bigint,
    token          uuid,
    helper_version text,
    host           text,
    retry_failed   boolean DEFAULT true,
    resumed        boolean DEFAULT false
 )
RETURNS jsonb LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_attach';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_attach(bigint, uuid, text, text, boolean, boolean)
     IS 'take the lease of a node; returns the run as the node''s helper needs it, null when there is none';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_attach(bigint, uuid, text, text, boolean, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_attach(bigint, uuid, text, text, boolean, boolean) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_next_step(token uuid)
RETURNS TABLE (run bigint, run_state text, step text, attempt int, waiting_for text)
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_next_step';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_next_step(uuid)
     IS 'the step that is due on the node, or what it waits for; one row';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_next_step(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_next_step(uuid) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_begin_step(token uuid, step text)
RETURNS int LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_begin_step';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_begin_step(uuid, text)
     IS 'begin a step that is due; returns the attempt, from 1';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_begin_step(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_begin_step(uuid, text) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_heartbeat(token uuid, step text DEFAULT NULL, progress text DEFAULT NULL)
RETURNS text LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_heartbeat';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_heartbeat(uuid, text, text)
     IS 'keep the lease, and tell how far a running step is; returns the state of the run';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_heartbeat(uuid, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_heartbeat(uuid, text, text) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_finish_step(token uuid, step text, result jsonb DEFAULT '{}')
RETURNS text LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_finish_step';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_finish_step(uuid, text, jsonb)
     IS 'a running step is done; returns the state of the run';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_finish_step(uuid, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_finish_step(uuid, text, jsonb) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_fail_step
 (
    token   uuid,
    step    text,
    message text,
    hint    text DEFAULT NULL,
    detail  text DEFAULT NULL
 )
RETURNS text LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_fail_step';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_fail_step(uuid, text, text, text, text)
     IS 'a running step has failed; returns the state of the run';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_fail_step(uuid, text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_fail_step(uuid, text, text, text, text) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_report_check
 (
    token      uuid,
    check_name text,
    severity   text,
    passed     boolean,
    found      text,
    meaning    text,
    remedy     text
 )
RETURNS void LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_report_check';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_report_check(uuid, text, text, boolean, text, text, text)
     IS 'record what a check found on the node, in place of what it found before';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_report_check(uuid, text, text, boolean, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_report_check(uuid, text, text, boolean, text, text, text) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_sync_journal(token uuid, entries jsonb)
RETURNS int LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_sync_journal';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_sync_journal(uuid, jsonb)
     IS 'record steps that the node performed while the monitor was away; returns how many were new';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_sync_journal(uuid, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_sync_journal(uuid, jsonb) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_rewrite_sysidentifier(formation text, groupid int, old numeric, new numeric)
RETURNS int LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_rewrite_sysidentifier';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_rewrite_sysidentifier(text, int, numeric, numeric)
     IS 'give every node of a group its new system identifier on the monitor; returns how many changed';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_rewrite_sysidentifier(text, int, numeric, numeric) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_rewrite_sysidentifier(text, int, numeric, numeric) TO autoctl_node;

----------------------------------------------------------------------------------------------------
-- Shown to everyone who may connect. They only read; the tables themselves stay closed.
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
    requirements text
 )
LANGUAGE C IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_steps';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_steps()
     IS 'every step of an upgrade, by role and in order, as the library knows them';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_steps() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_steps() TO PUBLIC;

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
    ended_at         timestamptz
 )
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  WITH primary_switch AS
   (
      SELECT n.formationid, n.groupid, stop.first_started_at AS refused_at, start.finished_at AS accepted_at
        FROM pgaf_upgrade.node n
             JOIN pgaf_upgrade.step stop USING (runid, nodeid)
             JOIN pgaf_upgrade.step start USING (runid, nodeid)
       WHERE n.runid = pgaf_upgrade.shown_run($1) AND n.role = 'primary'
         AND stop.name = 'stop' AND start.name = 'start'
         AND stop.first_started_at IS NOT NULL
   ),
   rejoined AS
   (
      SELECT n.formationid, n.groupid, max(s.finished_at) AS redundant_at
        FROM pgaf_upgrade.node n JOIN pgaf_upgrade.step s USING (runid, nodeid)
       WHERE n.runid = pgaf_upgrade.shown_run($1) AND n.role = 'secondary' AND s.name = 'rejoin'
    GROUP BY n.formationid, n.groupid
      HAVING bool_and(s.state = 'done')
   )
  SELECT r.runid, r.state, r.formationid, r.source_version, r.target_version,
         (SELECT count(*)::int FROM pgaf_upgrade.node n WHERE n.runid = r.runid),
         (SELECT count(*)::int FROM pgaf_upgrade.step s WHERE s.runid = r.runid AND s.state = 'done'),
         (SELECT count(*)::int FROM pgaf_upgrade.step s WHERE s.runid = r.runid),
         pgaf_upgrade.waiting_for(r.runid),
         (SELECT string_agg(format('%s on %s: %s', s.name, n.nodename, s.error), '; ' ORDER BY s.finished_at)
            FROM pgaf_upgrade.step s JOIN pgaf_upgrade.node n USING (runid, nodeid)
           WHERE s.runid = r.runid AND s.state = 'failed'),
         r.started_at, r.approved_at,
         (SELECT max(coalesce(p.accepted_at, clock_timestamp()) - p.refused_at) FROM primary_switch p),
         (SELECT max(j.redundant_at - p.refused_at) FROM primary_switch p JOIN rejoined j USING (formationid, groupid)
          HAVING count(*) = (SELECT count(DISTINCT (n.formationid, n.groupid)) FROM pgaf_upgrade.node n
                              WHERE n.runid = r.runid AND n.role = 'secondary')),
         r.ended_at
    FROM pgaf_upgrade.run r
   WHERE r.runid = pgaf_upgrade.shown_run($1)
$$;
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_status(bigint)
     IS 'one run (the newest unless told) in one row: where it is, what it waits for, how long writes were refused';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_status(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_status(bigint) TO PUBLIC;

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
    hint        text
 )
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT (row_number() OVER reading)::int, n.nodename, n.role, s.name, d.guide_step, d.title, s.phase, s.state,
         s.attempts, s.started_at, s.finished_at,
         CASE s.state WHEN 'pending' THEN NULL
                      WHEN 'running' THEN clock_timestamp() - s.started_at
                      ELSE s.finished_at - s.started_at END,
         s.progress, s.error, s.hint
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
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_progress(bigint) TO PUBLIC;

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
    waive_reason text,
    reported_at  timestamptz
 )
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT n.nodename, c.check_name, c.severity, c.passed, c.found, c.meaning, c.remedy, c.waive_reason, c.reported_at
    FROM pgaf_upgrade.check_result c JOIN pgaf_upgrade.node n USING (runid, nodeid)
   WHERE c.runid = pgaf_upgrade.shown_run($1)
ORDER BY c.passed, array_position(ARRAY['error', 'warning', 'info'], c.severity), n.nodeid, c.check_name
$$;
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_checks(bigint)
     IS 'what the checks of one run (the newest unless told) found, what has not passed first';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_checks(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_checks(bigint) TO PUBLIC;

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
    by_user     text
 )
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT e.eventid, e.happened_at, n.nodename, e.step, e.kind, e.state, e.message, e.by_user
    FROM pgaf_upgrade.event e LEFT JOIN pgaf_upgrade.node n USING (runid, nodeid)
   WHERE e.runid = pgaf_upgrade.shown_run($1)
ORDER BY e.eventid
$$;
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_events(bigint)
     IS 'everything that happened in one run (the newest unless told), in order';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_events(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_events(bigint) TO PUBLIC;
