-- At least one object of every kind that pg_dump knows, many schemas and roles, PostGIS, every contrib
-- extension that both majors have, and odd names. In a database of its own.
\set ON_ERROR_STOP on
SELECT format('CREATE EXTENSION %I CASCADE', name) FROM pg_available_extensions
 WHERE installed_version IS NULL
   AND name NOT IN ('pgautofailover', 'pgaf_upgrade', 'adminpack', 'old_snapshot')
   AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = name)
   AND name !~ '_pl(perl|python)'
   AND name !~ '-3$' -- Debian's other names for PostGIS's
 ORDER BY name \gexec

SELECT format('CREATE ROLE %I', 'role ' || n) FROM generate_series(1, 30) n \gexec
SELECT format('CREATE SCHEMA %I AUTHORIZATION %I', 'schema ' || n, 'role ' || n) FROM generate_series(1, 30) n \gexec
SELECT format('CREATE TABLE %I.%I (id int PRIMARY KEY, t text)', 'schema ' || n, 'table ' || n) FROM generate_series(1, 30) n \gexec

CREATE ROLE "it's ""quoted"" \ back" LOGIN CONNECTION LIMIT 3 VALID UNTIL '2099-01-01' PASSWORD 'x';
COMMENT ON ROLE "it's ""quoted"" \ back" IS 'odd';
ALTER ROLE "it's ""quoted"" \ back" SET work_mem = '3MB';
GRANT "role 1" TO "role 2" WITH ADMIN OPTION;
GRANT pg_read_all_data TO "role 3";
CREATE SCHEMA "schéma with ""quotes"" and \ and ünïcödé";
SET search_path = "schéma with ""quotes"" and \ and ünïcödé", public;

CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy');
CREATE TYPE pair AS (a int, "B b" text);
CREATE TYPE float_range AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE COLLATION "german c" (provider = icu, locale = 'de-DE');
CREATE COLLATION plain FROM "C";
CREATE FUNCTION add_one(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE FUNCTION body_in_sql(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT a + 1; END;
CREATE PROCEDURE nothing() LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE FUNCTION handler_again() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE FUNCTION inline_again(internal) RETURNS void LANGUAGE c STRICT AS '$libdir/plpgsql', 'plpgsql_inline_handler';
CREATE FUNCTION validator_again(oid) RETURNS void LANGUAGE c STRICT AS '$libdir/plpgsql', 'plpgsql_validator';
CREATE TRUSTED LANGUAGE plpgsql_again HANDLER handler_again INLINE inline_again VALIDATOR validator_again;
CREATE FUNCTION every_clause(a int, OUT twice int, VARIADIC rest text[] DEFAULT '{}') LANGUAGE plpgsql_again
    STABLE SECURITY DEFINER STRICT LEAKPROOF PARALLEL SAFE COST 7 SET work_mem = '2MB' AS $$ BEGIN twice := 2 * a; END $$;
CREATE FUNCTION window_again() RETURNS bigint LANGUAGE internal WINDOW AS 'window_row_number';
CREATE FUNCTION rows_of_it() RETURNS TABLE (a int, b text) LANGUAGE sql ROWS 5 AS $$ SELECT 1, 'x' $$;
CREATE AGGREGATE sum_again (int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE OPERATOR === (leftarg = int, rightarg = int, function = int4eq, commutator = ===);
CREATE OPERATOR FAMILY family USING btree;
CREATE OPERATOR CLASS class FOR TYPE int USING btree FAMILY family AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
CREATE TYPE shell;
CREATE TYPE base;
CREATE FUNCTION base_in(cstring) RETURNS base LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
CREATE FUNCTION base_out(base) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE base (input = base_in, output = base_out, like = int4, category = 'U', default = '7');
CREATE FUNCTION base_to_int(base) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'int4up';
CREATE CAST (base AS int) WITH FUNCTION base_to_int(base) AS IMPLICIT;
CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION varchar_support(internal), TO SQL WITH FUNCTION int4recv(internal));
CREATE CAST (pair AS mood) WITH INOUT;
CREATE CONVERSION again FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE ACCESS METHOD heap_again TYPE TABLE HANDLER heap_tableam_handler;
CREATE ACCESS METHOD btree_again TYPE INDEX HANDLER bthandler;
CREATE TEXT SEARCH DICTIONARY words (template = simple);
CREATE TEXT SEARCH CONFIGURATION english_again (COPY = english);
ALTER TEXT SEARCH CONFIGURATION english_again ALTER MAPPING FOR asciiword WITH words;
CREATE TEXT SEARCH PARSER parser_again (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
CREATE TEXT SEARCH TEMPLATE template_again (init = dsimple_init, lexize = dsimple_lexize);

CREATE TABLE "a table of sixty-three bytes, the longest a name can be: 63byte" (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "Column with ""quotes""" text DEFAULT E'back\\slash' COLLATE plain,
    m mood, p pair, d positive, r float_range, j jsonb,
    twice bigint GENERATED ALWAYS AS (12 * 2) STORED,
    EXCLUDE USING gist (r WITH &&));
CREATE TABLE t (id serial, a int, b text, dropped int, parent bigint REFERENCES
    "a table of sixty-three bytes, the longest a name can be: 63byte");
ALTER TABLE t DROP COLUMN dropped, ALTER a SET STATISTICS 50, ALTER b SET STORAGE EXTERNAL, SET (fillfactor = 80);
CREATE INDEX ON t (lower(b)) WHERE a > 0;
CREATE INDEX ON t USING brin (a);
CREATE INDEX ON t USING hash (a);
CREATE INDEX "on expression" ON t ((a + 1)) INCLUDE (b);
ALTER INDEX "on expression" ALTER COLUMN 1 SET STATISTICS 100;
CREATE STATISTICS both_columns (dependencies, ndistinct) ON a, b FROM t;
CREATE TABLE child () INHERITS (t);
CREATE TABLE of_type OF pair (PRIMARY KEY (a));
CREATE TABLE constrained (a int NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED, b base, c positive[],
    d text COMPRESSION lz4, CONSTRAINT "named 'check'" CHECK (a > 0) NO INHERIT);
ALTER TABLE constrained ADD CONSTRAINT later CHECK (a < 1000) NOT VALID, REPLICA IDENTITY FULL, SET (toast.autovacuum_enabled = off);
ALTER TABLE constrained CLUSTER ON constrained_a_key;
CREATE UNIQUE INDEX without_nulls ON constrained (a) NULLS NOT DISTINCT;
CREATE TABLE stored_again (n int) USING heap_again;
CREATE SEQUENCE numbered AS smallint START 5 MINVALUE 2 MAXVALUE 99 CACHE 3 CYCLE;
CREATE TABLE parted (k int, v text) PARTITION BY RANGE (k);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (1) TO (10);
CREATE TABLE parted_rest PARTITION OF parted DEFAULT;
CREATE TABLE parted_200 (v text, dropped int, k int);
ALTER TABLE parted_200 DROP COLUMN dropped;
ALTER TABLE parted ATTACH PARTITION parted_200 FOR VALUES FROM (200) TO (300);
CREATE INDEX on_every_part ON parted (v);
ALTER TABLE parted ADD PRIMARY KEY (k);
CREATE TABLE listed (k text) PARTITION BY LIST (k);
CREATE TABLE listed_ab PARTITION OF listed FOR VALUES IN ('a', 'b') PARTITION BY HASH (k);
CREATE TABLE listed_ab_0 PARTITION OF listed_ab FOR VALUES WITH (modulus 2, remainder 0);
CREATE TABLE of_part (k int REFERENCES parted);
CREATE VIEW shown WITH (security_barrier) AS SELECT id, a FROM t WHERE a > 0 WITH CHECK OPTION;
CREATE RECURSIVE VIEW counted (n) AS SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 5;
CREATE MATERIALIZED VIEW kept AS SELECT count(*) FROM t;
CREATE SEQUENCE by_two INCREMENT 2 OWNED BY t.a;
CREATE RULE ignore AS ON DELETE TO shown DO INSTEAD NOTHING;
CREATE FUNCTION on_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER changed BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION on_change();
CREATE CONSTRAINT TRIGGER at_the_end AFTER UPDATE OF a ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (old.a IS DISTINCT FROM new.a) EXECUTE FUNCTION on_change();
CREATE TRIGGER transition AFTER INSERT ON t REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION on_change();
CREATE TRIGGER instead INSTEAD OF INSERT ON shown FOR EACH ROW EXECUTE FUNCTION on_change();
ALTER TABLE t DISABLE TRIGGER changed, ENABLE ALWAYS TRIGGER transition;
CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE EVENT TRIGGER ddl ON ddl_command_end EXECUTE FUNCTION on_ddl();
ALTER EVENT TRIGGER ddl DISABLE;
ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY few ON t AS RESTRICTIVE FOR UPDATE USING (true) WITH CHECK (b <> '');
CREATE POLICY own_rows ON t FOR SELECT TO "role 1" USING (a > 1);
CREATE FOREIGN DATA WRAPPER nothing_behind;
CREATE SERVER there FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'nowhere');
CREATE USER MAPPING FOR "role 1" SERVER there OPTIONS (user 'x');
CREATE FOREIGN TABLE far_away (id int) SERVER there;
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA "schema 1" WITH (publish = 'insert, truncate', publish_via_partition_root);
CREATE SUBSCRIPTION "from nowhere" CONNECTION 'host=nowhere' PUBLICATION "p 1" WITH (connect = false, slot_name = NONE);
CREATE PUBLICATION some_of_it FOR TABLE t (id, a) WHERE (a > 0);
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO "role 1";
GRANT SELECT (a), UPDATE (b) ON t TO "role 4";
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
GRANT USAGE ON LANGUAGE plpgsql_again TO "role 5" WITH GRANT OPTION;
GRANT USAGE ON TYPE mood TO "role 5";
GRANT USAGE ON FOREIGN SERVER there TO "role 5";
GRANT USAGE ON FOREIGN DATA WRAPPER nothing_behind TO "role 5";
GRANT USAGE, UPDATE ON SEQUENCE numbered TO "role 5";
GRANT EXECUTE ON PROCEDURE nothing() TO "role 5";
GRANT SET ON PARAMETER log_statement TO "role 5";
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_ls_logdir() FROM pg_monitor;
SELECT lo_create(4711);
GRANT SELECT ON LARGE OBJECT 4711 TO "role 5";
COMMENT ON LARGE OBJECT 4711 IS 'odd';
SELECT format('ALTER DATABASE %I SET app.odd = %L', current_database(), 'it''s \ "odd"') \gexec
SELECT format('ALTER ROLE "role 5" IN DATABASE %I SET search_path = "schema 1", public', current_database()) \gexec
SELECT format('COMMENT ON DATABASE %I IS %L', current_database(), 'odd') \gexec
COMMENT ON INDEX "on expression" IS 'of an index';
COMMENT ON CONSTRAINT "named 'check'" ON constrained IS 'of a constraint';
COMMENT ON FUNCTION every_clause IS 'of a function';
COMMENT ON COLUMN t.a IS 'odd: '' " \ é';
SELECT lo_create(0) FROM generate_series(1, 20);
CREATE TABLE places (id int PRIMARY KEY, at geometry(Point, 4326), around geography(Polygon));
CREATE INDEX ON places USING gist (at);
CREATE INDEX ON places USING spgist (at);
CREATE VIEW near AS SELECT id, ST_AsText(at) AS at FROM places WHERE ST_DWithin(at, ST_SetSRID(ST_MakePoint(50, 50), 4326), 10);
INSERT INTO places SELECT n, ST_SetSRID(ST_MakePoint(n % 100, n / 100), 4326),
    ST_Buffer(ST_SetSRID(ST_MakePoint(n % 100, n % 80), 4326)::geography, 1000) FROM generate_series(1, 10000) n;
INSERT INTO t (a, b) SELECT n, 'row ' || n FROM generate_series(1, 1000) n;
INSERT INTO parted SELECT n, n::text FROM generate_series(1, 100) n;
REFRESH MATERIALIZED VIEW kept;
-- names as long as they can be: 63 bytes, of letters that take two and signs that take four
SELECT format('CREATE SCHEMA %I', repeat('ü', 31) || 'x') \gexec
SELECT format('CREATE TABLE %I.%I (%I int PRIMARY KEY)', repeat('ü', 31) || 'x', repeat('🐘', 15) || '\"''',
              repeat('é', 31) || ' ') \gexec

