----------------------------------------------------------------------------------------------------
-- Rollback: the old cluster serves again. Each node undoes its own part, with its own helper.
----------------------------------------------------------------------------------------------------

CREATE TABLE pgaf_upgrade.rollback
 (
    runid    bigint NOT NULL,
    nodeid   bigint NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    done_at  timestamptz,
    result   jsonb,

    PRIMARY KEY (runid, nodeid),
    FOREIGN KEY (runid, nodeid) REFERENCES pgaf_upgrade.node
 );
COMMENT ON TABLE pgaf_upgrade.rollback IS 'nodes that have something to undo in a run that is rolled back';
COMMENT ON COLUMN pgaf_upgrade.rollback.runid IS 'the run';
COMMENT ON COLUMN pgaf_upgrade.rollback.nodeid IS 'the node';
COMMENT ON COLUMN pgaf_upgrade.rollback.asked_at IS 'when the rollback was asked for';
COMMENT ON COLUMN pgaf_upgrade.rollback.done_at IS 'when the node was as before, null until then';
COMMENT ON COLUMN pgaf_upgrade.rollback.result IS 'what the helper has undone';
REVOKE ALL ON pgaf_upgrade.rollback FROM PUBLIC;
GRANT SELECT ON pgaf_upgrade.rollback TO pgaf_upgrade_reader;
SELECT pg_catalog.pg_extension_config_dump('pgaf_upgrade.rollback', '');

CREATE FUNCTION @extschema@.pgaf_upgrade_rollback(run bigint, reason text, discard_new_data boolean DEFAULT false)
RETURNS text LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, MDY'
AS 'MODULE_PATHNAME', 'pgaf_upgrade_rollback';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_rollback(bigint, text, boolean)
     IS 'let the old cluster serve again; where the new one was started on a primary, only with discard_new_data, and not after method link; returns the state of the run';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_rollback(bigint, text, boolean) FROM PUBLIC;

CREATE FUNCTION @extschema@.pgaf_upgrade_request_rollback
 (
    token            uuid,
    reason           text,
    discard_new_data boolean DEFAULT false,
    not_started      boolean DEFAULT false,
    gives_back       boolean DEFAULT false
 )
RETURNS text LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, MDY'
AS 'MODULE_PATHNAME', 'pgaf_upgrade_request_rollback';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_request_rollback(uuid, text, boolean, boolean, boolean)
     IS 'the same, asked for on a node: pgaf-upgrade rollback; where new data would be lost, that is only recorded, for the operator to call pgaf_upgrade_rollback; not_started: this primary''s files show that the new cluster has not been started; gives_back: its switch has failed, and when every node is as it was the run is prepared again';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_request_rollback(uuid, text, boolean, boolean, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_request_rollback(uuid, text, boolean, boolean, boolean) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_finish_rollback(token uuid, result jsonb)
RETURNS text LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_finish_rollback';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_finish_rollback(uuid, jsonb)
     IS 'the node has undone its part; returns the state of the run';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_finish_rollback(uuid, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_finish_rollback(uuid, jsonb) TO autoctl_node;
