----------------------------------------------------------------------------------------------------
-- Cleanup: what a finished run has left of the old clusters is removed, on each node by `pgaf-upgrade cleanup`.
----------------------------------------------------------------------------------------------------

CREATE TABLE pgaf_upgrade.cleanup
 (
    runid      bigint NOT NULL,
    nodeid     bigint NOT NULL,
    begun_at   timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    begun_by   text NOT NULL DEFAULT SESSION_USER,
    by_address text DEFAULT pg_catalog.host(pg_catalog.inet_client_addr()),
    done_at    timestamptz,
    result     jsonb NOT NULL DEFAULT '{}',

    PRIMARY KEY (runid, nodeid),
    FOREIGN KEY (runid, nodeid) REFERENCES pgaf_upgrade.node
 );
COMMENT ON TABLE pgaf_upgrade.cleanup IS 'nodes whose old cluster was removed, or is being removed';
COMMENT ON COLUMN pgaf_upgrade.cleanup.runid IS 'the run that left the old cluster';
COMMENT ON COLUMN pgaf_upgrade.cleanup.nodeid IS 'the node';
COMMENT ON COLUMN pgaf_upgrade.cleanup.begun_at IS 'when the removal began: from then on there is no way back';
COMMENT ON COLUMN pgaf_upgrade.cleanup.begun_by IS 'the role that the helper logged in as';
COMMENT ON COLUMN pgaf_upgrade.cleanup.by_address IS 'from where, null for a local connection';
COMMENT ON COLUMN pgaf_upgrade.cleanup.done_at IS 'when everything was removed, null until then';
COMMENT ON COLUMN pgaf_upgrade.cleanup.result IS 'what was removed and who asked for it, by the helper''s word';
REVOKE ALL ON pgaf_upgrade.cleanup FROM PUBLIC;
GRANT SELECT ON pgaf_upgrade.cleanup TO pgaf_upgrade_reader;
SELECT pg_catalog.pg_extension_config_dump('pgaf_upgrade.cleanup', '');

CREATE FUNCTION @extschema@.pgaf_upgrade_cleanup(older_than int DEFAULT 3)
RETURNS TABLE
 (
    run               bigint,
    formation         text,
    nodeid            bigint,
    node              text,
    source_version    int,
    target_version    int,
    method            text,
    finished_at       timestamptz,
    due               boolean,
    why_not           text,
    old_sysidentifier numeric,
    new_sysidentifier numeric,
    backup            text,
    begun_at          timestamptz,
    removed_at        timestamptz,
    removed_by        text,
    freed_bytes       bigint,
    removed           jsonb
 )
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, MDY'
AS 'MODULE_PATHNAME', 'pgaf_upgrade_cleanup';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_cleanup(int)
     IS 'the nodes that a finished run has left an old cluster on: whether pgaf-upgrade cleanup may remove it and why not, and who removed what; older_than is the least age of the new cluster in days';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_cleanup(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_cleanup(int) TO pgaf_upgrade_reader;

CREATE FUNCTION @extschema@.pgaf_upgrade_begin_cleanup(run bigint, nodeid bigint, token uuid, older_than int DEFAULT 3)
RETURNS timestamptz LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, MDY'
AS 'MODULE_PATHNAME', 'pgaf_upgrade_begin_cleanup';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_begin_cleanup(bigint, bigint, uuid, int)
     IS 'the node''s helper is about to remove its old cluster; refused where that is not due; returns when it first began';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_begin_cleanup(bigint, bigint, uuid, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_begin_cleanup(bigint, bigint, uuid, int) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_finish_cleanup(run bigint, nodeid bigint, token uuid, result jsonb)
RETURNS boolean LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_finish_cleanup';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_finish_cleanup(bigint, bigint, uuid, jsonb)
     IS 'the node has removed its old cluster, or more of it; returns false where that was recorded already';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_finish_cleanup(bigint, bigint, uuid, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_finish_cleanup(bigint, bigint, uuid, jsonb) TO autoctl_node;
