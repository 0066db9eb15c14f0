----------------------------------------------------------------------------------------------------
-- System identifiers on the monitor: for the run's step, and for a DBA who follows the guide by hand.
----------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.pgaf_upgrade_validate_sysidentifier(formation text, groupid int, sysidentifier numeric)
RETURNS TABLE
 (
    check_name text,
    passed     boolean,
    found      text,
    meaning    text
 )
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_validate_sysidentifier';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_validate_sysidentifier(text, int, numeric)
     IS 'whether a group may have that system identifier: a row a check; passed is null where there is nothing to judge by';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_validate_sysidentifier(text, int, numeric) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_validate_sysidentifier(text, int, numeric) TO PUBLIC;

CREATE FUNCTION @extschema@.pgaf_upgrade_rewrite_sysidentifier(formation text, groupid int, old numeric, new numeric)
RETURNS int LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_rewrite_sysidentifier';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_rewrite_sysidentifier(text, int, numeric, numeric)
     IS 'give every node of a group its new system identifier on the monitor; returns how many changed';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_rewrite_sysidentifier(text, int, numeric, numeric) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_rewrite_sysidentifier(text, int, numeric, numeric) TO autoctl_node;
