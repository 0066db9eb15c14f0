-- What CREATE EXTENSION makes, who may use it, and what the other tests need.
SET client_min_messages = warning;
CREATE EXTENSION btree_gist;
CREATE EXTENSION pgautofailover;
CREATE EXTENSION pgaf_upgrade;

-- the schema is the one chosen at CREATE EXTENSION, the tables have their own
SELECT n.nspname AS functions_in FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
 WHERE e.extname = 'pgaf_upgrade';

-- nobody but the owner may change a table, and the reader may look
SELECT c.relname, c.relacl IS NULL OR NOT EXISTS
       (SELECT 1 FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner
                          AND (a.grantee, a.privilege_type) <> ('pgaf_upgrade_reader'::regrole, 'SELECT')) AS closed,
       c.oid = ANY (e.extconfig) AS dumped
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, pg_extension e
 WHERE n.nspname = 'pgaf_upgrade' AND c.relkind IN ('r', 'S') AND e.extname = 'pgaf_upgrade'
 ORDER BY c.relname COLLATE "C";

-- everything has a comment: functions, tables, each column of them, triggers
SELECT p.oid::regprocedure::text AS without_comment
  FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
  JOIN pg_extension e ON e.oid = d.refobjid
 WHERE e.extname = 'pgaf_upgrade' AND obj_description(p.oid, 'pg_proc') IS NULL
UNION ALL
SELECT c.oid::regclass::text FROM pg_class c
 WHERE c.relnamespace = 'pgaf_upgrade'::regnamespace AND c.relkind = 'r' AND obj_description(c.oid, 'pg_class') IS NULL
UNION ALL
SELECT c.oid::regclass || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace = 'pgaf_upgrade'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
   AND col_description(c.oid, a.attnum) IS NULL
UNION ALL
SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE c.relnamespace = 'pgaf_upgrade'::regnamespace AND NOT t.tgisinternal AND obj_description(t.oid, 'pg_trigger') IS NULL;

-- nothing depends on an object of pgautofailover, only on the extension: its updates may change any
SELECT count(*) AS dependencies_on_its_objects
  FROM pg_depend d
  JOIN pg_depend theirs ON theirs.classid = d.refclassid AND theirs.objid = d.refobjid AND theirs.deptype = 'e'
  JOIN pg_extension t ON t.oid = theirs.refobjid AND t.extname = 'pgautofailover'
  JOIN pg_depend ours ON ours.classid = d.classid AND ours.objid = d.objid AND ours.deptype = 'e'
  JOIN pg_extension o ON o.oid = ours.refobjid AND o.extname = 'pgaf_upgrade';

-- an unprivileged user sees nothing
CREATE ROLE regress_pgaf_anyone;
SET ROLE regress_pgaf_anyone;
SELECT count(*) FROM pgaf_upgrade_status();
SELECT count(*) FROM pgaf_upgrade_progress();
SELECT count(*) FROM pgaf_upgrade_checks();
SELECT count(*) FROM pgaf_upgrade_events();
SELECT pgaf_upgrade_start(18);
SELECT pgaf_upgrade_attach(1, '00000000-0000-0000-0000-000000000001', '1.0', 'host');
SELECT * FROM pgaf_upgrade.run;
RESET ROLE;
SET SESSION AUTHORIZATION autoctl_node;
SELECT pgaf_upgrade_approve();
DELETE FROM pgaf_upgrade.event;
RESET SESSION AUTHORIZATION;

-- pg_monitor and the nodes look, and change nothing
SELECT r.rolname AS member FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
 WHERE m.roleid = 'pgaf_upgrade_reader'::regrole ORDER BY r.rolname COLLATE "C";
CREATE ROLE regress_pgaf_monitor IN ROLE pg_monitor;
SET ROLE regress_pgaf_monitor;
SELECT (SELECT count(*) FROM pgaf_upgrade_status()) AS status, (SELECT count(*) FROM pgaf_upgrade_checks()) AS checks,
       (SELECT count(*) FROM pgaf_upgrade_events()) AS events, pgaf_upgrade_report() IS NULL AS no_report,
       (SELECT count(*) FROM pgaf_upgrade_required_hba()) > 0 AS hba, (SELECT count(*) FROM pgaf_upgrade.run) AS runs;
SELECT pgaf_upgrade_start(18);
UPDATE pgaf_upgrade.run SET state = 'aborted';
RESET ROLE;
DROP ROLE regress_pgaf_monitor;

-- made anew where the role is there, which stays when the extension goes, and where it is not
BEGIN;
DROP EXTENSION pgaf_upgrade;
SELECT count(*) AS stays FROM pg_roles WHERE rolname = 'pgaf_upgrade_reader';
CREATE EXTENSION pgaf_upgrade;
DROP EXTENSION pgaf_upgrade;
DROP ROLE pgaf_upgrade_reader;
CREATE EXTENSION pgaf_upgrade;
SELECT pg_has_role('pg_monitor', 'pgaf_upgrade_reader', 'USAGE') AS pg_monitor, pg_has_role('autoctl_node', 'pgaf_upgrade_reader', 'USAGE') AS autoctl_node;
ROLLBACK;

-- What the other tests need. Nodes are written into pgautofailover.node directly: a real one comes
-- to its state by reports of a keeper and of the others, which these tests have none of.
CREATE SCHEMA test;
GRANT USAGE ON SCHEMA test TO PUBLIC;

CREATE FUNCTION test.node(id bigint, state text, quorum boolean DEFAULT true, groupid int DEFAULT 0,
                          formation text DEFAULT 'default', sysid bigint DEFAULT 7000000000000000001,
                          goal text DEFAULT NULL)
RETURNS void LANGUAGE sql AS $$
  INSERT INTO pgautofailover.node (formationid, nodeid, groupid, nodename, nodehost, nodeport, sysidentifier,
                                   goalstate, reportedstate, replicationquorum)
  VALUES (formation, id, groupid, 'node_' || id, 'host' || id, 5432, sysid,
          coalesce(goal, state)::pgautofailover.replication_state, state::pgautofailover.replication_state, quorum)
$$;

CREATE FUNCTION test.state(id bigint, state text, goal text DEFAULT NULL)
RETURNS void LANGUAGE sql AS $$
  UPDATE pgautofailover.node SET reportedstate = state::pgautofailover.replication_state,
         goalstate = coalesce(goal, state)::pgautofailover.replication_state WHERE nodeid = id
$$;

CREATE FUNCTION test.reset() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  TRUNCATE pgaf_upgrade.run, pgaf_upgrade.node, pgaf_upgrade.step, pgaf_upgrade.event, pgaf_upgrade.check_result,
           pgaf_upgrade.maintenance, pgaf_upgrade.sysidentifier_change, pgaf_upgrade.backup, pgaf_upgrade.rollback, pgaf_upgrade.cleanup RESTART IDENTITY;
  DELETE FROM pgautofailover.node;
  DELETE FROM pgautofailover.formation WHERE formationid <> 'default';
  UPDATE pgautofailover.formation SET number_sync_standbys = 0;
END
$$;

-- a pair, and in a formation of its own one more node of the same name
CREATE FUNCTION test.two_formations() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM test.reset();
  PERFORM test.node(1, 'primary'), test.node(2, 'secondary');
  PERFORM pgautofailover.create_formation('other', 'pgsql', 'postgres', true, 0);
  PERFORM test.node(4, 'single', formation => 'other', sysid => 7000000000000000002);
  UPDATE pgautofailover.node SET nodename = 'node_1' WHERE nodeid = 4;
END
$$;

-- the token of a node's helper
CREATE FUNCTION test.token(id bigint) RETURNS uuid LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
  SELECT ('00000000-0000-0000-0000-' || lpad(id::text, 12, '0'))::uuid
$$;

-- a system identifier as initdb would make one now, with that process id; and a text in which such
-- identifiers have become <new 9>, so that it is the same every time
CREATE FUNCTION test.fresh(pid int) RETURNS numeric LANGUAGE sql AS $$
  SELECT floor(extract(epoch FROM clock_timestamp())) * 4294967296 + pid
$$;
CREATE FUNCTION test.plain(given text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  number text;
BEGIN
  FOR number IN SELECT DISTINCT m[1] FROM regexp_matches(given, '\d{17,20}', 'g') m LOOP
    IF floor(number::numeric / 4294967296) BETWEEN extract(epoch FROM clock_timestamp()) - 7200
                                               AND extract(epoch FROM clock_timestamp()) THEN
      given := replace(given, number, format('<new %s>', number::numeric % 4096));
    END IF;
  END LOOP;
  RETURN given;
END
$$;

-- does every step that is due, node by node, until nothing is; returns what it did, in order
CREATE FUNCTION test.drive(nodes bigint[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  id bigint;
  due record;
  moved boolean := true;
BEGIN
  WHILE moved LOOP
    moved := false;
    FOREACH id IN ARRAY nodes LOOP
      SELECT * INTO due FROM pgaf_upgrade_next_step(test.token(id));
      IF due.step IS NOT NULL THEN
        PERFORM pgaf_upgrade_begin_step(test.token(id), due.step);
        RETURN NEXT format('%s: %s -> %s', id, due.step,
          pgaf_upgrade_finish_step(test.token(id), due.step,
            CASE due.step WHEN 'initdb' THEN jsonb_build_object('new_sysidentifier', test.fresh(id::int + 100)::text)
                          ELSE '{}' END));
        moved := true;
      END IF;
    END LOOP;
  END LOOP;
END
$$;

-- the SQLSTATE of a refusal
CREATE FUNCTION test.sqlstate(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE command;
  RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END
$$;

-- a refusal as its SQLSTATE, text and hint; what is accepted is rolled back too
CREATE FUNCTION test.refusal(command text, OUT code text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE command;
  RAISE EXCEPTION 'accepted' USING ERRCODE = 'TEST0';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  message := test.plain(message);
  detail := test.plain(detail);
  hint := test.plain(hint);
END
$$;

-- the same of many calls, a line each
CREATE FUNCTION test.refusals(VARIADIC commands text[]) RETURNS TABLE (refused text) LANGUAGE sql AS $$
  SELECT format(E'%s\n  %s %s\n  %s', test.plain(c), r.code, r.message, coalesce(nullif(r.hint, ''), '(no hint)'))
    FROM unnest(commands) WITH ORDINALITY AS u (c, position), test.refusal(c) r ORDER BY position
$$;
