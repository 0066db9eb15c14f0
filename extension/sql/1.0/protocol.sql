----------------------------------------------------------------------------------------------------
-- The helpers' protocol. Anyone whom pg_hba.conf lets in as autoctl_node may call these: a call
-- moves only the step of the node whose lease its token holds. What it tells is a claim: it is let in when it is of the
-- form that extension/core/claims.hpp and reports.hpp give it.
----------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.pgaf_upgrade_attach
 (
    nodeid         bigint,
    token          uuid,
    helper_version text,
    host           text,
    retry_failed   boolean DEFAULT true,
    resumed        boolean DEFAULT false
 )
RETURNS jsonb LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_attach';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_attach(bigint, uuid, text, text, boolean, boolean)
     IS 'take the lease of a node; returns the run as the node''s helper needs it, null when there is none';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_attach(bigint, uuid, text, text, boolean, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_attach(bigint, uuid, text, text, boolean, boolean) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_next_step(token uuid)
RETURNS TABLE (run bigint, run_state text, step text, attempt int, waiting_for text, reason text)
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_next_step';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_next_step(uuid)
     IS 'the step that is due on the node, or what it waits for, in words and as a code; one row';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_next_step(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_next_step(uuid) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_begin_step(token uuid, step text)
RETURNS int LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_begin_step';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_begin_step(uuid, text)
     IS 'begin a step that is due; returns the attempt, from 1';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_begin_step(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_begin_step(uuid, text) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_heartbeat(token uuid, step text DEFAULT NULL, progress text DEFAULT NULL)
RETURNS text LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_heartbeat';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_heartbeat(uuid, text, text)
     IS 'keep the lease, and tell how far a running step is; returns the state of the run';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_heartbeat(uuid, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_heartbeat(uuid, text, text) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_finish_step(token uuid, step text, result jsonb DEFAULT '{}')
RETURNS text LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_finish_step';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_finish_step(uuid, text, jsonb)
     IS 'a running step is done; returns the state of the run';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_finish_step(uuid, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_finish_step(uuid, text, jsonb) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_fail_step
 (
    token   uuid,
    step    text,
    message text,
    hint    text DEFAULT NULL,
    detail  text DEFAULT NULL
 )
RETURNS text LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_fail_step';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_fail_step(uuid, text, text, text, text)
     IS 'a running step has failed, or before the switch one that was done no longer holds; returns the state of the run';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_fail_step(uuid, text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_fail_step(uuid, text, text, text, text) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_report_check
 (
    token      uuid,
    check_name text,
    severity   text,
    passed     boolean,
    found      text,
    meaning    text,
    remedy     text,
    data_loss  boolean DEFAULT false,
    detail     text DEFAULT NULL
 )
RETURNS void LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_report_check';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_report_check(uuid, text, text, boolean, text, text, text, boolean, text)
     IS 'record what a check found on the node, in place of what it found before; one that means data loss cannot be waived';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_report_check(uuid, text, text, boolean, text, text, text, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_report_check(uuid, text, text, boolean, text, text, text, boolean, text) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_report_software(token uuid, software jsonb)
RETURNS void LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_report_software';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_report_software(uuid, jsonb)
     IS 'record the versions of the node''s programs, an object of names and versions, in place of what was recorded before';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_report_software(uuid, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_report_software(uuid, jsonb) TO autoctl_node;

CREATE FUNCTION @extschema@.pgaf_upgrade_sync_journal(token uuid, entries jsonb)
RETURNS int LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_sync_journal';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_sync_journal(uuid, jsonb)
     IS 'record steps that the node performed while the monitor was away; returns how many were new';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_sync_journal(uuid, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_sync_journal(uuid, jsonb) TO autoctl_node;
