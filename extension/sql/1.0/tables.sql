\echo Use "CREATE EXTENSION pgaf_upgrade" to load this file. \quit

-- Nothing here depends on an object of pgautofailover: its tables are read by the library at run
-- time, as text, so that its own update scripts and the monitor's pg_upgrade never meet us.

CREATE SCHEMA pgaf_upgrade;
COMMENT ON SCHEMA pgaf_upgrade IS 'what is known about upgrades of this pg_auto_failover cluster';
REVOKE ALL ON SCHEMA pgaf_upgrade FROM PUBLIC;

-- Who may look: pg_monitor, as at everything else, and the nodes, whose helpers show the run. The role belongs to the
-- whole server and stays when the extension goes; pg_upgrade and pg_dumpall carry it over.
DO $$
DECLARE
  member name;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'pgaf_upgrade_reader') THEN
    CREATE ROLE pgaf_upgrade_reader NOLOGIN;
    COMMENT ON ROLE pgaf_upgrade_reader IS 'may see the upgrades of this pg_auto_failover cluster';
  END IF;
  FOREACH member IN ARRAY ARRAY['pg_monitor', 'autoctl_node'] LOOP
    IF NOT pg_catalog.pg_has_role(member, 'pgaf_upgrade_reader', 'MEMBER') THEN
      EXECUTE pg_catalog.format('GRANT pgaf_upgrade_reader TO %I', member);
    END IF;
  END LOOP;
END
$$;
GRANT USAGE ON SCHEMA pgaf_upgrade TO pgaf_upgrade_reader;

----------------------------------------------------------------------------------------------------
-- Tables. They belong to the extension's owner, and pgaf_upgrade_reader may read them: every change goes
-- through a function, and no function updates or deletes a row of event.
----------------------------------------------------------------------------------------------------

CREATE TABLE pgaf_upgrade.run
 (
    runid           bigserial PRIMARY KEY,
    state           text NOT NULL DEFAULT 'preparing'
                    CHECK (state IN ('preparing', 'ready', 'approved', 'switching', 'restoring',
                                     'finished', 'rolling_back', 'aborted')),
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
    end_reason      text,
    discards_new_data boolean NOT NULL DEFAULT false,
    on_failure      text NOT NULL DEFAULT 'give_back' CHECK (on_failure IN ('give_back', 'stay')),
    attempt         int NOT NULL DEFAULT 1,
    give_back_reason text
 );
COMMENT ON TABLE pgaf_upgrade.run IS 'one upgrade of a cluster, or of some of its groups';
COMMENT ON COLUMN pgaf_upgrade.run.runid IS 'the number of the run';
COMMENT ON COLUMN pgaf_upgrade.run.state IS 'where the run is';
COMMENT ON COLUMN pgaf_upgrade.run.formationid IS 'the formation that was asked for, null for all';
COMMENT ON COLUMN pgaf_upgrade.run.groups IS 'the groups that were asked for, null for all';
COMMENT ON COLUMN pgaf_upgrade.run.include_monitor IS 'whether the monitor is upgraded as well';
COMMENT ON COLUMN pgaf_upgrade.run.source_version IS 'major version to upgrade from, null until it is known';
COMMENT ON COLUMN pgaf_upgrade.run.target_version IS 'major version to upgrade to';
COMMENT ON COLUMN pgaf_upgrade.run.method IS 'how pg_upgrade takes the data over';
COMMENT ON COLUMN pgaf_upgrade.run.standby_method IS 'how secondaries get the new data: by links to their own old files (link), by a base backup of the primary (basebackup), or by links where they can be proved to be right (auto)';
COMMENT ON COLUMN pgaf_upgrade.run.note IS 'what the operator said at the start';
COMMENT ON COLUMN pgaf_upgrade.run.started_at IS 'when it was started';
COMMENT ON COLUMN pgaf_upgrade.run.started_by IS 'the role that started it';
COMMENT ON COLUMN pgaf_upgrade.run.approved_at IS 'when the gate was opened';
COMMENT ON COLUMN pgaf_upgrade.run.approved_by IS 'the role that opened it';
COMMENT ON COLUMN pgaf_upgrade.run.not_before IS 'the approval holds from this time on, null for at once';
COMMENT ON COLUMN pgaf_upgrade.run.ended_at IS 'when it was finished or aborted';
COMMENT ON COLUMN pgaf_upgrade.run.ended_by IS 'the role whose call ended it';
COMMENT ON COLUMN pgaf_upgrade.run.end_reason IS 'why it was aborted';
COMMENT ON COLUMN pgaf_upgrade.run.on_failure IS 'when the switch fails before the new server has started: the old cluster serves again by itself (give_back), or nothing is done until the operator comes (stay)';
COMMENT ON COLUMN pgaf_upgrade.run.attempt IS 'from 1, one more each time the old cluster was given back';
COMMENT ON COLUMN pgaf_upgrade.run.give_back_reason IS 'why the old cluster was given back the last time, null when it never was';
COMMENT ON COLUMN pgaf_upgrade.run.discards_new_data IS 'its rollback gives up what was written to the new cluster';

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
    lease_digest         bytea,
    lease_heartbeat      timestamptz,
    lease_host           text,
    lease_user           text,
    lease_address        text,
    lease_pid            int,
    helper_version       text,
    software             jsonb,
    kept                 boolean NOT NULL DEFAULT false,
    released_at          timestamptz,

    PRIMARY KEY (runid, nodeid)
 );
CREATE INDEX node_lease_digest ON pgaf_upgrade.node (lease_digest);
COMMENT ON TABLE pgaf_upgrade.node IS 'a node of a run as it was when the run started, and the helper that works for it';
COMMENT ON COLUMN pgaf_upgrade.node.runid IS 'the run';
COMMENT ON COLUMN pgaf_upgrade.node.nodeid IS 'as in pgautofailover.node; 0 is the monitor';
COMMENT ON COLUMN pgaf_upgrade.node.nodename IS 'its name when the run started';
COMMENT ON COLUMN pgaf_upgrade.node.nodehost IS 'its host; the monitor''s is told by its helper';
COMMENT ON COLUMN pgaf_upgrade.node.nodeport IS 'the port of its PostgreSQL';
COMMENT ON COLUMN pgaf_upgrade.node.formationid IS 'its formation, empty for the monitor';
COMMENT ON COLUMN pgaf_upgrade.node.groupid IS 'its group';
COMMENT ON COLUMN pgaf_upgrade.node.role IS 'what it was when the run started';
COMMENT ON COLUMN pgaf_upgrade.node.rank IS 'the order in which the secondaries of a group enter maintenance, from 0';
COMMENT ON COLUMN pgaf_upgrade.node.replicationquorum IS 'its setting when the run started';
COMMENT ON COLUMN pgaf_upgrade.node.candidatepriority IS 'its setting when the run started';
COMMENT ON COLUMN pgaf_upgrade.node.number_sync_standbys IS 'the formation''s setting when the run started, to put back';
COMMENT ON COLUMN pgaf_upgrade.node.old_sysidentifier IS 'system identifier at the start of the run: the bits of an unsigned number';
COMMENT ON COLUMN pgaf_upgrade.node.new_sysidentifier IS 'system identifier of the new cluster: the bits of an unsigned number';
COMMENT ON COLUMN pgaf_upgrade.node.lease_digest IS 'SHA-256 of the secret that the helper that works for the node shows with each call';
COMMENT ON COLUMN pgaf_upgrade.node.lease_heartbeat IS 'when that helper last called';
COMMENT ON COLUMN pgaf_upgrade.node.lease_host IS 'where it runs, by its own word';
COMMENT ON COLUMN pgaf_upgrade.node.lease_user IS 'the role that it logged in as when it took the lease';
COMMENT ON COLUMN pgaf_upgrade.node.lease_address IS 'from where, null for a local connection';
COMMENT ON COLUMN pgaf_upgrade.node.lease_pid IS 'the backend by which it last called';
COMMENT ON COLUMN pgaf_upgrade.node.helper_version IS 'its version';
COMMENT ON COLUMN pgaf_upgrade.node.kept IS 'whether it is left at the old version, as a way back, until it is released';
COMMENT ON COLUMN pgaf_upgrade.node.released_at IS 'when it was';
COMMENT ON COLUMN pgaf_upgrade.node.software IS 'the versions of the programs there, as the helper last found them';

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
    lease_digest     bytea,
    backend_pid      int,
    acknowledged_at  timestamptz,
    acknowledged_by  text,
    acknowledge_note text,

    PRIMARY KEY (runid, nodeid, ordinal),
    UNIQUE (runid, nodeid, name),
    FOREIGN KEY (runid, nodeid) REFERENCES pgaf_upgrade.node
 );
COMMENT ON TABLE pgaf_upgrade.step IS 'the steps of a run, written when it starts';
COMMENT ON COLUMN pgaf_upgrade.step.runid IS 'the run';
COMMENT ON COLUMN pgaf_upgrade.step.nodeid IS 'the node';
COMMENT ON COLUMN pgaf_upgrade.step.ordinal IS 'its place among the steps of the node, from 1';
COMMENT ON COLUMN pgaf_upgrade.step.name IS 'as in pgaf_upgrade_steps()';
COMMENT ON COLUMN pgaf_upgrade.step.phase IS 'the part of the run that it belongs to';
COMMENT ON COLUMN pgaf_upgrade.step.state IS 'where the step is';
COMMENT ON COLUMN pgaf_upgrade.step.attempts IS 'how often it was begun';
COMMENT ON COLUMN pgaf_upgrade.step.first_started_at IS 'when the first attempt began; started_at is of the last';
COMMENT ON COLUMN pgaf_upgrade.step.started_at IS 'when the last attempt began';
COMMENT ON COLUMN pgaf_upgrade.step.finished_at IS 'when it was done or failed';
COMMENT ON COLUMN pgaf_upgrade.step.progress IS 'what the helper says while it is at it';
COMMENT ON COLUMN pgaf_upgrade.step.result IS 'what the helper learned and later steps need';
COMMENT ON COLUMN pgaf_upgrade.step.error IS 'why it failed';
COMMENT ON COLUMN pgaf_upgrade.step.hint IS 'what to do about that';
COMMENT ON COLUMN pgaf_upgrade.step.detail IS 'the last lines of what the failed program wrote';
COMMENT ON COLUMN pgaf_upgrade.step.lease_digest IS 'the lease under which the step was begun';
COMMENT ON COLUMN pgaf_upgrade.step.backend_pid IS 'the backend by which the step was begun';
COMMENT ON COLUMN pgaf_upgrade.step.acknowledged_at IS 'when the operator took note of the warnings of its result';
COMMENT ON COLUMN pgaf_upgrade.step.acknowledged_by IS 'the role that did';
COMMENT ON COLUMN pgaf_upgrade.step.acknowledge_note IS 'what the operator said about them';
