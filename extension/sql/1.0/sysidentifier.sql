----------------------------------------------------------------------------------------------------
-- System identifiers, for a run and for a DBA who follows the guide by hand.
----------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.pgaf_upgrade_validate_sysidentifier(formation text, groupid int, sysid numeric)
RETURNS TABLE (check_name text, passed boolean, found text, meaning text)
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_validate_sysidentifier';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_validate_sysidentifier(text, int, numeric)
     IS 'whether a number can become the system identifier of a group now, a row a check; changes nothing';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_validate_sysidentifier(text, int, numeric) FROM PUBLIC;

CREATE FUNCTION @extschema@.pgaf_upgrade_rewrite_sysidentifier(formation text, groupid int, old numeric, new numeric)
RETURNS int LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_rewrite_sysidentifier';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_rewrite_sysidentifier(text, int, numeric, numeric)
     IS 'give every node of a group its new system identifier on the monitor; returns how many changed';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_rewrite_sysidentifier(text, int, numeric, numeric) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_rewrite_sysidentifier(text, int, numeric, numeric) TO autoctl_node;
