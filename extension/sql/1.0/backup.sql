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
-- for the backups that the helper of a data node takes; those of a formation or of the monitor it refuses then
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_record_backup(text, text, timestamptz, text, text, text, timestamptz, text)
   TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_backups()
RETURNS TABLE
 (
    backup      bigint,
    run         bigint,
    formation   text,
    nodeid      bigint,
    node        text,
    label       text,
    tool        text,
    taken_at    timestamptz,
    verified_at timestamptz,
    location    text,
    note        text,
    recorded_at timestamptz,
    recorded_by text,
    claimed     boolean,
    by_address  text
 )
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT b.backupid, b.runid, b.formationid, b.nodeid, b.nodename, b.label, b.tool, b.taken_at, b.verified_at, b.location,
         b.note, b.recorded_at, b.recorded_by, b.claimed, b.by_address
    FROM pgaf_upgrade.backup b
ORDER BY b.taken_at DESC, b.backupid DESC
$$;
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_backups()
     IS 'the backups that were recorded, the newest first; node 0 is the monitor, null a whole formation; claimed: by a node''s helper alone';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_backups() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_backups() TO pgaf_upgrade_reader;
