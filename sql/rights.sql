-- Who may call what, found by calling everything as everyone; and what hostile objects can do.
SELECT test.reset();

-- every function is closed, its search path pinned, its rights and its comment written down
SELECT p.oid::regprocedure AS function, l.lanname AS language, p.prosecdef AS definer,
       array_to_string(p.proconfig, '; ') AS settings,
       (SELECT string_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' WHEN p.proowner THEN 'owner' ELSE a.grantee::regrole::text END, ', ' ORDER BY a.grantee = p.proowner DESC, a.grantee DESC)
          FROM aclexplode(p.proacl) a) AS may_call
  FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
  JOIN pg_extension e ON e.oid = d.refobjid JOIN pg_language l ON l.oid = p.prolang
 WHERE e.extname = 'pgaf_upgrade' ORDER BY p.pronamespace::regnamespace::text COLLATE "C" DESC, p.proname COLLATE "C";

CREATE TEMP TABLE function AS
SELECT p.oid::regprocedure AS function, p.proname,
       format('SELECT count(*) FROM %s(%s)', p.oid::regproc,
              (SELECT string_agg(format('NULL::%s', t::regtype), ', ') FROM unnest(p.proargtypes) t)) AS call,
       CASE WHEN p.proname ~ '^pgaf_upgrade_(plan|start|approve|release|acknowledge|abort|retry|rollback|waive_check|record_backup|record_maintenance|validate_sysidentifier|match_hba)$' THEN 'operator'
            WHEN p.proname ~ '^pgaf_upgrade_(attach|next_step|begin_step|heartbeat|finish_step|fail_step|report_check|report_software|report_hba|sync_journal|request_rollback|finish_rollback|begin_cleanup|finish_cleanup|rewrite_sysidentifier)$' THEN 'autoctl_node'
            WHEN p.proname ~ '^pgaf_upgrade_(status|progress|checks|events|history|backups|cleanup|software|steps|report|verify_hba|required_hba)$' THEN 'reader'
            ELSE 'nobody' END AS meant_for
  FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
  JOIN pg_extension e ON e.oid = d.refobjid
 WHERE e.extname = 'pgaf_upgrade' AND p.prorettype <> 'trigger'::regtype;
GRANT SELECT ON function TO PUBLIC;
CREATE ROLE regress_pgaf_operator;
-- what docs/reference.md tells to grant
SELECT format('GRANT EXECUTE ON FUNCTION %s TO regress_pgaf_operator', function) FROM function WHERE meant_for = 'operator' \gexec
GRANT pgaf_upgrade_reader TO regress_pgaf_operator;

-- whether the role was let in: anything but 42501 is another refusal, of the function itself
CREATE FUNCTION test.let_in(role text) RETURNS TABLE (as_role text, meant_for text, functions bigint, let_in bigint) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', role);
  RETURN QUERY SELECT role, f.meant_for, count(*), count(*) FILTER (WHERE r.code <> '42501')
                 FROM pg_temp.function f, test.refusal(f.call) r GROUP BY f.meant_for ORDER BY f.meant_for;
  RESET SESSION AUTHORIZATION;
END
$$;
CREATE ROLE regress_pgaf_reader IN ROLE pgaf_upgrade_reader;
SELECT * FROM test.let_in('regress_pgaf_anyone');
SELECT * FROM test.let_in('regress_pgaf_reader');
SELECT * FROM test.let_in('autoctl_node');
SELECT * FROM test.let_in('regress_pgaf_operator');

-- A schema of the caller's own in front of the search path, with objects that would tell that they were
-- used: tables, functions and operators by the names that the functions use, temporary ones too.
CREATE SCHEMA hostile;
GRANT USAGE ON SCHEMA hostile TO PUBLIC;
CREATE FUNCTION hostile.betray() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hostile object used'; END $$;
CREATE FUNCTION hostile.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT CASE WHEN hostile.betray() THEN pg_catalog.now() END $$;
CREATE FUNCTION hostile.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT hostile.now() $$;
CREATE FUNCTION hostile.format(text, VARIADIC "any") RETURNS text LANGUAGE internal AS 'text_format';
CREATE FUNCTION hostile.format(text, text) RETURNS text LANGUAGE sql AS $$ SELECT hostile.betray()::text $$;
CREATE FUNCTION hostile.format(text, text, text, text) RETURNS text LANGUAGE sql AS $$ SELECT hostile.betray()::text $$;
CREATE FUNCTION hostile.coalesce_text(text) RETURNS text LANGUAGE sql AS $$ SELECT hostile.betray()::text $$;
CREATE FUNCTION hostile.date_part(text, timestamptz) RETURNS float8 LANGUAGE sql AS $$ SELECT CASE WHEN hostile.betray() THEN 1 END $$;
CREATE FUNCTION hostile.array_position(anyarray, anyelement) RETURNS int LANGUAGE sql AS $$ SELECT hostile.betray()::int $$;
CREATE FUNCTION hostile.pg_backend_pid() RETURNS int LANGUAGE sql AS $$ SELECT hostile.betray()::int $$;
CREATE FUNCTION hostile.text_equal(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT hostile.betray() $$;
CREATE FUNCTION hostile.bigint_equal(bigint, bigint) RETURNS boolean LANGUAGE sql AS $$ SELECT hostile.betray() $$;
CREATE OPERATOR hostile.= (leftarg = text, rightarg = text, procedure = hostile.text_equal);
CREATE OPERATOR hostile.<> (leftarg = text, rightarg = text, procedure = hostile.text_equal);
CREATE OPERATOR hostile.= (leftarg = bigint, rightarg = bigint, procedure = hostile.bigint_equal);
CREATE OPERATOR hostile.= (leftarg = uuid, rightarg = uuid, procedure = pg_catalog.uuid_ne);
CREATE VIEW hostile.run AS SELECT hostile.betray();
CREATE VIEW hostile.node AS SELECT hostile.betray();
CREATE VIEW hostile.step AS SELECT hostile.betray();
CREATE VIEW hostile.pg_extension AS SELECT hostile.betray();
CREATE VIEW hostile.pg_roles AS SELECT hostile.betray();
GRANT SELECT ON ALL TABLES IN SCHEMA hostile TO PUBLIC;
CREATE DOMAIN hostile.uuid AS text CHECK (hostile.betray());

-- the objects work: what does not pin its path meets them
SET search_path = hostile, pg_catalog, public;
SELECT now();
SELECT 'a'::text = 'b'::text;

-- a whole run, the operator's functions and a rewrite by hand, as roles that have those objects
SELECT test.node(1, 'primary'), test.node(2, 'secondary');
SET SESSION AUTHORIZATION regress_pgaf_operator;
SET search_path = hostile, pg_catalog, public;
CREATE TEMP TABLE run (runid bigint, state text);
CREATE TEMP TABLE event (eventid bigint);
CREATE FUNCTION pg_temp.pg_notify(text, text) RETURNS void LANGUAGE sql AS $$ SELECT hostile.betray()::text $$;
SELECT count(*) > 0 AS planned FROM pgaf_upgrade_plan(18, include_monitor => false);
SELECT pgaf_upgrade_start(18, include_monitor => false);
SELECT pgaf_upgrade_record_maintenance('node_2', 'begin', 'why'), pgaf_upgrade_record_maintenance('node_2', 'end', 'done');
SELECT pgaf_upgrade_record_backup('base', 'pg_basebackup', '2025-01-02', 'default');
SELECT count(*) > 0 AS checked FROM pgaf_upgrade_validate_sysidentifier('default', 0, 1);
SELECT (SELECT count(*) > 0 FROM pgaf_upgrade_verify_hba()) AS verified, (SELECT count(*) >= 0 FROM pgaf_upgrade_required_hba()) AS required,
       (SELECT count(*) >= 0 FROM pgaf_upgrade_match_hba('app', 'shop', '10.0.0.1')) AS matched;
SET SESSION AUTHORIZATION autoctl_node;
SET search_path = hostile, pg_catalog, public;
CREATE TEMP TABLE node (runid bigint, nodeid bigint);
CREATE TEMP TABLE step (runid bigint, nodeid bigint);
SELECT pgaf_upgrade_attach(1, test.token(1), '1.0', 'host') ->> 'run' AS run, pgaf_upgrade_attach(2, test.token(2), '1.0', 'host') ->> 'run' AS run;
SELECT pgaf_upgrade_begin_step(test.token(2), 'discover'), pgaf_upgrade_heartbeat(test.token(2), 'discover', 'half'),
       pgaf_upgrade_fail_step(test.token(2), 'discover', 'no');
SELECT pgaf_upgrade_report_check(test.token(2), 'free_space', 'error', false, '1 GB', 'too little', 'Make room.');
SELECT pgaf_upgrade_report_hba(test.token(2), 'before', '[]');
SELECT step FROM pgaf_upgrade_next_step(test.token(1));
SELECT pgaf_upgrade_sync_journal(test.token(1), '[{"step": "discover", "state": "done", "finished_at": "2025-01-01 00:00:02Z"}]');
SET SESSION AUTHORIZATION regress_pgaf_operator;
SET search_path = hostile, pg_catalog, public;
SELECT pgaf_upgrade_waive_check(1, 'node_2', 'free_space', 'it grows'), pgaf_upgrade_retry(1);
SELECT (SELECT count(*) FROM pgaf_upgrade_status()) AS status, (SELECT count(*) > 0 FROM pgaf_upgrade_progress()) AS progress,
       (SELECT count(*) FROM pgaf_upgrade_checks()) AS checks, (SELECT count(*) > 0 FROM pgaf_upgrade_events()) AS events,
       (SELECT count(*) FROM pgaf_upgrade_history()) AS history, (SELECT count(*) > 0 FROM pgaf_upgrade_steps()) AS steps,
       (SELECT pgaf_upgrade_report() ->> 'state') AS report;
SELECT pgaf_upgrade_rollback(1, 'enough');
RESET SESSION AUTHORIZATION;
RESET search_path;
SELECT test.state(1, 'wait_primary'), test.state(2, 'maintenance');
SELECT test.fresh(9) AS new9 \gset
SET search_path = hostile, pg_catalog, public;
SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, :new9);
RESET search_path;
-- nothing of it went into the temporary tables
SELECT kind, count(*), bool_and(by_user IN ('regress_pgaf_operator', 'autoctl_node')) AS by_whom FROM pgaf_upgrade_events() GROUP BY kind ORDER BY kind;

SELECT test.reset();
SET client_min_messages = warning;
DROP SCHEMA hostile CASCADE;
DISCARD TEMP;
DROP OWNED BY regress_pgaf_operator;
DROP ROLE regress_pgaf_operator, regress_pgaf_reader;
DROP FUNCTION test.let_in;
