-- Events are added and never changed, but by a superuser.
\pset format unaligned
SELECT test.reset();
SELECT test.node(1, 'single');
SELECT pgaf_upgrade_start(18);
SELECT pgaf_upgrade_abort(1, 'nothing more is needed');
CREATE TABLE test.before AS SELECT * FROM pgaf_upgrade.event;
GRANT SELECT ON test.before TO PUBLIC;

-- somebody was granted too much
CREATE ROLE regress_pgaf_meddler;
GRANT USAGE ON SCHEMA pgaf_upgrade TO regress_pgaf_meddler;
GRANT ALL ON ALL TABLES IN SCHEMA pgaf_upgrade TO regress_pgaf_meddler;
SET SESSION AUTHORIZATION regress_pgaf_meddler;
SELECT refused FROM test.refusals('UPDATE pgaf_upgrade.event SET message = NULL', 'DELETE FROM pgaf_upgrade.event',
                                  'DELETE FROM pgaf_upgrade.event WHERE false', 'TRUNCATE pgaf_upgrade.event');
RESET SESSION AUTHORIZATION;
-- and so for an owner who is no superuser
BEGIN;
ALTER TABLE pgaf_upgrade.event OWNER TO regress_pgaf_meddler;
SET LOCAL SESSION AUTHORIZATION regress_pgaf_meddler;
SELECT refused FROM test.refusals('UPDATE pgaf_upgrade.event SET message = NULL', 'DELETE FROM pgaf_upgrade.event', 'TRUNCATE pgaf_upgrade.event');
ROLLBACK;
SELECT count(*) AS events, count(b.eventid) AS unchanged FROM pgaf_upgrade.event e LEFT JOIN test.before b ON e::text = b::text;
DROP TABLE test.before;
REVOKE ALL ON ALL TABLES IN SCHEMA pgaf_upgrade FROM regress_pgaf_meddler;
REVOKE ALL ON SCHEMA pgaf_upgrade FROM regress_pgaf_meddler;
DROP ROLE regress_pgaf_meddler;

-- a superuser may
BEGIN;
DELETE FROM pgaf_upgrade.event;
SELECT count(*) FROM pgaf_upgrade.event;
ROLLBACK;

-- reasons and roles are kept
SELECT kind, state, message, by_user = session_user AS by_me FROM pgaf_upgrade_events(1);
SELECT pgaf_upgrade_start(18);
SELECT pgaf_upgrade_attach(1, test.token(1), '1.0', 'host') ->> 'run' AS run;
SELECT pgaf_upgrade_begin_step(test.token(1), 'discover'), pgaf_upgrade_fail_step(test.token(1), 'discover', 'no disk');
SELECT pgaf_upgrade_retry(2, 'discover', 'there is one now');
SELECT node, step, kind, state, message, by_user = session_user AS by_me FROM pgaf_upgrade_events(2);
SELECT test.reset();
