----------------------------------------------------------------------------------------------------
-- Backups that the operator relies on: taken by other programs, written down here.
----------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.pgaf_upgrade_record_backup
 (
    label       text,
    tool        text,
    taken_at    timestamptz,
    formation   text DEFAULT NULL,
    node        text DEFAULT NULL,
    location    text DEFAULT NULL,
    verified_at timestamptz DEFAULT NULL,
    note        text DEFAULT NULL
 )
RETURNS bigint LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, MDY'
AS 'MODULE_PATHNAME', 'pgaf_upgrade_record_backup';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_record_backup(text, text, timestamptz, text, text, text, timestamptz, text)
     IS 'write down a backup of a formation, of a node or of the monitor; the same one again changes when it was verified, where it is and the note; returns it';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_record_backup(text, text, timestamptz, text, text, text, timestamptz, text)
  FROM PUBLIC;
