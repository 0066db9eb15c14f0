----------------------------------------------------------------------------------------------------
-- What the run does to the cluster, also for a DBA who follows the guide by hand.
----------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.pgaf_upgrade_rewrite_sysidentifier(formation text, groupid int, old numeric, new numeric)
RETURNS int LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_rewrite_sysidentifier';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_rewrite_sysidentifier(text, int, numeric, numeric)
     IS 'give every node of a group its new system identifier on the monitor; returns how many changed';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_rewrite_sysidentifier(text, int, numeric, numeric) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_rewrite_sysidentifier(text, int, numeric, numeric) TO autoctl_node;
