----------------------------------------------------------------------------------------------------
-- Tables of what happened and what was found, during a run and beside one.
----------------------------------------------------------------------------------------------------

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
COMMENT ON COLUMN pgaf_upgrade.event.eventid IS 'the order of events';
COMMENT ON COLUMN pgaf_upgrade.event.runid IS 'the run, null for what was done beside one';
COMMENT ON COLUMN pgaf_upgrade.event.nodeid IS 'the node, null for what concerns the whole run';
COMMENT ON COLUMN pgaf_upgrade.event.step IS 'the step, where it concerns one';
COMMENT ON COLUMN pgaf_upgrade.event.happened_at IS 'when';
COMMENT ON COLUMN pgaf_upgrade.event.kind IS 'what kind of thing happened';
COMMENT ON COLUMN pgaf_upgrade.event.state IS 'the state that was reached';
COMMENT ON COLUMN pgaf_upgrade.event.message IS 'in words';
COMMENT ON COLUMN pgaf_upgrade.event.by_user IS 'the role that logged in';
COMMENT ON COLUMN pgaf_upgrade.event.by_address IS 'from where, null for a local connection';

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
    severity     text NOT NULL CHECK (severity IN ('error', 'warning', 'note')),
    passed       boolean NOT NULL,
    found        text,
    meaning      text,
    remedy       text,
    data_loss    boolean NOT NULL DEFAULT false,
    detail       text,
    reported_at  timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    waived_at    timestamptz,
    waived_by    text,
    waive_reason text,

    PRIMARY KEY (runid, nodeid, check_name),
    FOREIGN KEY (runid, nodeid) REFERENCES pgaf_upgrade.node
 );
COMMENT ON TABLE pgaf_upgrade.check_result IS 'what the helpers'' checks found, the last result of each';
COMMENT ON COLUMN pgaf_upgrade.check_result.runid IS 'the run';
COMMENT ON COLUMN pgaf_upgrade.check_result.nodeid IS 'the node';
COMMENT ON COLUMN pgaf_upgrade.check_result.check_name IS 'the check';
COMMENT ON COLUMN pgaf_upgrade.check_result.severity IS 'error stands in the way of the approval';
COMMENT ON COLUMN pgaf_upgrade.check_result.passed IS 'whether all is as it should be';
COMMENT ON COLUMN pgaf_upgrade.check_result.found IS 'what was found';
COMMENT ON COLUMN pgaf_upgrade.check_result.meaning IS 'what it would lead to';
COMMENT ON COLUMN pgaf_upgrade.check_result.remedy IS 'what to do about it';
COMMENT ON COLUMN pgaf_upgrade.check_result.data_loss IS 'to go on would lose data: cannot be waived';
COMMENT ON COLUMN pgaf_upgrade.check_result.detail IS 'more of what was found, such as a diff; null where there is no more';
COMMENT ON COLUMN pgaf_upgrade.check_result.reported_at IS 'when the helper looked';
COMMENT ON COLUMN pgaf_upgrade.check_result.waived_at IS 'when the operator took the responsibility';
COMMENT ON COLUMN pgaf_upgrade.check_result.waived_by IS 'the role that did';
COMMENT ON COLUMN pgaf_upgrade.check_result.waive_reason IS 'why';

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
COMMENT ON COLUMN pgaf_upgrade.maintenance.maintenanceid IS 'the window';
COMMENT ON COLUMN pgaf_upgrade.maintenance.runid IS 'the run that it belongs to, null for one beside any';
COMMENT ON COLUMN pgaf_upgrade.maintenance.nodeid IS 'the node';
COMMENT ON COLUMN pgaf_upgrade.maintenance.nodename IS 'its name at the time';
COMMENT ON COLUMN pgaf_upgrade.maintenance.formationid IS 'its formation';
COMMENT ON COLUMN pgaf_upgrade.maintenance.groupid IS 'its group';
COMMENT ON COLUMN pgaf_upgrade.maintenance.started_at IS 'when it began';
COMMENT ON COLUMN pgaf_upgrade.maintenance.started_by IS 'the role that began it';
COMMENT ON COLUMN pgaf_upgrade.maintenance.reported_at_start IS 'the state that the node reported then';
COMMENT ON COLUMN pgaf_upgrade.maintenance.assigned_at_start IS 'the state that pg_auto_failover assigned it then';
COMMENT ON COLUMN pgaf_upgrade.maintenance.reason IS 'why it was begun';
COMMENT ON COLUMN pgaf_upgrade.maintenance.ended_at IS 'when it ended, null while it lasts';
COMMENT ON COLUMN pgaf_upgrade.maintenance.ended_by IS 'the role that ended it';
COMMENT ON COLUMN pgaf_upgrade.maintenance.reported_at_end IS 'the state that the node reported then';
COMMENT ON COLUMN pgaf_upgrade.maintenance.assigned_at_end IS 'the state that pg_auto_failover assigned it then';
COMMENT ON COLUMN pgaf_upgrade.maintenance.end_reason IS 'what was said at the end';

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
COMMENT ON COLUMN pgaf_upgrade.sysidentifier_change.changeid IS 'the order of changes';
COMMENT ON COLUMN pgaf_upgrade.sysidentifier_change.runid IS 'the run, null for a rewrite by hand';
COMMENT ON COLUMN pgaf_upgrade.sysidentifier_change.formationid IS 'the formation';
COMMENT ON COLUMN pgaf_upgrade.sysidentifier_change.groupid IS 'the group';
COMMENT ON COLUMN pgaf_upgrade.sysidentifier_change.nodeid IS 'the node';
COMMENT ON COLUMN pgaf_upgrade.sysidentifier_change.nodename IS 'its name at the time';
COMMENT ON COLUMN pgaf_upgrade.sysidentifier_change.before IS 'what it had: the bits of an unsigned number';
COMMENT ON COLUMN pgaf_upgrade.sysidentifier_change.after IS 'what it got: the bits of an unsigned number';
COMMENT ON COLUMN pgaf_upgrade.sysidentifier_change.changed_at IS 'when';
COMMENT ON COLUMN pgaf_upgrade.sysidentifier_change.changed_by IS 'the role that logged in';
COMMENT ON COLUMN pgaf_upgrade.sysidentifier_change.by_address IS 'from where, null for a local connection';

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
    by_address  text DEFAULT pg_catalog.host(pg_catalog.inet_client_addr()),
    claimed     boolean NOT NULL DEFAULT false,

    UNIQUE NULLS NOT DISTINCT (label, tool, formationid, nodeid),
    CHECK (formationid IS NOT NULL OR nodeid IS NOT NULL)
 );
COMMENT ON TABLE pgaf_upgrade.backup IS 'backups that the operator relies on';
COMMENT ON COLUMN pgaf_upgrade.backup.backupid IS 'the backup';
COMMENT ON COLUMN pgaf_upgrade.backup.runid IS 'the run that was active when it was recorded';
COMMENT ON COLUMN pgaf_upgrade.backup.formationid IS 'the formation, null for the monitor';
COMMENT ON COLUMN pgaf_upgrade.backup.nodeid IS 'the node that it was taken of, 0 for the monitor, null for a whole formation';
COMMENT ON COLUMN pgaf_upgrade.backup.nodename IS 'its name at the time';
COMMENT ON COLUMN pgaf_upgrade.backup.label IS 'the name that the tool has for it';
COMMENT ON COLUMN pgaf_upgrade.backup.tool IS 'the program that made it';
COMMENT ON COLUMN pgaf_upgrade.backup.taken_at IS 'when it was taken';
COMMENT ON COLUMN pgaf_upgrade.backup.location IS 'where it is';
COMMENT ON COLUMN pgaf_upgrade.backup.verified_at IS 'when it was proved, null when it was not';
COMMENT ON COLUMN pgaf_upgrade.backup.note IS 'what the operator said';
COMMENT ON COLUMN pgaf_upgrade.backup.recorded_at IS 'when it was written down here';
COMMENT ON COLUMN pgaf_upgrade.backup.recorded_by IS 'the role that did';
COMMENT ON COLUMN pgaf_upgrade.backup.by_address IS 'from where, null for a local connection';
COMMENT ON COLUMN pgaf_upgrade.backup.claimed IS 'by a node''s helper, so that nobody but that node vouches for it';

----------------------------------------------------------------------------------------------------
-- Nobody but the owner changes any table, and pg_dump takes the rows of all of them.
----------------------------------------------------------------------------------------------------

REVOKE ALL ON ALL TABLES IN SCHEMA pgaf_upgrade FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA pgaf_upgrade FROM PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA pgaf_upgrade TO pgaf_upgrade_reader;

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
