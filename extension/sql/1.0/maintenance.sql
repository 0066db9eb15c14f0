----------------------------------------------------------------------------------------------------
-- Maintenance windows, of a run or of a DBA who follows the guide by hand.
----------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.pgaf_upgrade_record_maintenance(node text, action text, reason text DEFAULT NULL)
RETURNS bigint LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_record_maintenance';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_record_maintenance(text, text, text)
     IS 'begin or end a node''s maintenance window; enable and disable also ask pg_auto_failover for it; returns the window';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_record_maintenance(text, text, text) FROM PUBLIC;
