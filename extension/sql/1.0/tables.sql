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
    ended_by        text,
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

-- No function changes events; this is for whoever is granted more on the table than its owner meant to.
CREATE FUNCTION pgaf_upgrade.refuse_change_of_events()
RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
    RAISE EXCEPTION 'events of pgaf_upgrade are never changed'
      USING ERRCODE = 'PU011', HINT = 'Only a superuser may, to remove those of runs that nobody needs any more.';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION pgaf_upgrade.refuse_change_of_events() IS 'keeps events from being changed by anybody but a superuser';
REVOKE ALL ON FUNCTION pgaf_upgrade.refuse_change_of_events() FROM PUBLIC;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pgaf_upgrade.event
  FOR EACH STATEMENT EXECUTE FUNCTION pgaf_upgrade.refuse_change_of_events();
COMMENT ON TRIGGER append_only ON pgaf_upgrade.event IS 'keeps events from being changed by anybody but a superuser';

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
    data_loss    boolean NOT NULL DEFAULT false,
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
    maintenanceid     bigserial PRIMARY KEY,
    runid             bigint REFERENCES pgaf_upgrade.run,
    nodeid            bigint NOT NULL,
    nodename          text NOT NULL,
    formationid       text NOT NULL,
    groupid           int NOT NULL,
    started_at        timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    started_by        text NOT NULL DEFAULT SESSION_USER,
    reported_at_start text,
    assigned_at_start text,
    reason            text,
    ended_at          timestamptz,
    ended_by          text,
    reported_at_end   text,
    assigned_at_end   text,
    end_reason        text
 );
CREATE UNIQUE INDEX maintenance_open ON pgaf_upgrade.maintenance (nodeid) WHERE ended_at IS NULL;
COMMENT ON TABLE pgaf_upgrade.maintenance IS 'spans in which a node was in maintenance, for an upgrade or for any other reason';

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
    formationid text,
    nodeid      bigint,
    nodename    text,
    label       text NOT NULL,
    tool        text NOT NULL,
    taken_at    timestamptz NOT NULL,
    location    text,
    verified_at timestamptz,
    note        text,
    recorded_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    recorded_by text NOT NULL DEFAULT SESSION_USER,

    UNIQUE NULLS NOT DISTINCT (label, tool, formationid, nodeid),
    CHECK (formationid IS NOT NULL OR nodeid IS NOT NULL)
 );
COMMENT ON TABLE pgaf_upgrade.backup IS 'backups that the operator relies on';

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
