----------------------------------------------------------------------------------------------------
-- For the operator. Nobody but the owner may call them until they are granted.
----------------------------------------------------------------------------------------------------

CREATE FUNCTION @extschema@.pgaf_upgrade_plan
 (
    target_version  int,
    formation       text DEFAULT NULL,
    groups          int[] DEFAULT NULL,
    include_monitor boolean DEFAULT true,
    method          text DEFAULT 'link',
    standby_method  text DEFAULT 'auto',
    note            text DEFAULT NULL,
    keep_old_standby text DEFAULT NULL,
    on_failure      text DEFAULT 'give_back'
 )
RETURNS TABLE
 (
    ordinal        int,
    stage          int,
    node           text,
    node_formation text,
    node_group     int,
    role           text,
    phase          text,
    step           text,
    title          text,
    guide_step     text,
    waits_for      text,
    writes_refused boolean
 )
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_plan';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_plan(int, text, int[], boolean, text, text, text, text, text)
     IS 'what pgaf_upgrade_start would have done by the same arguments, a row a step in order; refuses what it would; changes nothing';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_plan(int, text, int[], boolean, text, text, text, text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.pgaf_upgrade_start
 (
    target_version  int,
    formation       text DEFAULT NULL,
    groups          int[] DEFAULT NULL,
    include_monitor boolean DEFAULT true,
    method          text DEFAULT 'link',
    standby_method  text DEFAULT 'auto',
    note            text DEFAULT NULL,
    keep_old_standby text DEFAULT NULL,
    on_failure      text DEFAULT 'give_back'
 )
RETURNS bigint LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_start';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_start(int, text, int[], boolean, text, text, text, text, text)
     IS 'plan an upgrade and let the helpers prepare it; returns the run';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_start(int, text, int[], boolean, text, text, text, text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.pgaf_upgrade_approve(run bigint DEFAULT NULL, not_before timestamptz DEFAULT NULL)
RETURNS text LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET datestyle = 'ISO, MDY'
AS 'MODULE_PATHNAME', 'pgaf_upgrade_approve';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_approve(bigint, timestamptz)
     IS 'open the gate: from now on, or from not_before on, the helpers may switch; returns the state of the run';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_approve(bigint, timestamptz) FROM PUBLIC;

CREATE FUNCTION @extschema@.pgaf_upgrade_release(run bigint DEFAULT NULL)
RETURNS text LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_release';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_release(bigint)
     IS 'let the standby that was kept at the old version be rebuilt by a base backup; returns its name';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_release(bigint) FROM PUBLIC;

CREATE FUNCTION @extschema@.pgaf_upgrade_abort(run bigint, reason text)
RETURNS text LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_abort';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_abort(bigint, text)
     IS 'end a run that has not begun to switch; returns its state';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_abort(bigint, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.pgaf_upgrade_retry(run bigint, step text DEFAULT NULL, reason text DEFAULT NULL)
RETURNS int LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_retry';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_retry(bigint, text, text)
     IS 'let failed steps (of that name, or all) be tried again; returns how many';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_retry(bigint, text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.pgaf_upgrade_waive_check(run bigint, node text, check_name text, reason text)
RETURNS void LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_waive_check';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_waive_check(bigint, text, text, text)
     IS 'let a failed check of a node no longer stand in the way of the approval, unless it means data loss';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_waive_check(bigint, text, text, text) FROM PUBLIC;

CREATE FUNCTION @extschema@.pgaf_upgrade_acknowledge(run bigint, note text)
RETURNS int LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_acknowledge';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_acknowledge(bigint, text)
     IS 'take note of the warnings of a run: they are no longer shown as open; returns how many';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_acknowledge(bigint, text) FROM PUBLIC;
