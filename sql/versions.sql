-- The library, its SQL objects and the control file agree, or nothing is done.
SELECT e.extversion = a.default_version AS same FROM pg_extension e JOIN pg_available_extensions a ON a.name = e.extname
 WHERE e.extname = 'pgaf_upgrade';

-- every function of the library looks first
CREATE FUNCTION test.of_library() RETURNS TABLE (function regprocedure, call text) LANGUAGE sql AS $$
  SELECT p.oid::regprocedure, format('SELECT * FROM %s(%s)', p.oid::regproc,
         (SELECT string_agg(format('NULL::%s', t::regtype), ', ') FROM unnest(p.proargtypes) t))
    FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
    JOIN pg_extension e ON e.oid = d.refobjid JOIN pg_language l ON l.oid = p.prolang
   WHERE e.extname = 'pgaf_upgrade' AND l.lanname = 'c'
$$;
BEGIN;
UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'pgaf_upgrade';
SELECT count(*) > 15 AS functions, count(*) FILTER (WHERE r.code <> 'PU006') AS that_do_not_look FROM test.of_library() f, test.refusal(f.call) r;
SELECT DISTINCT r.code, r.message, r.hint FROM test.of_library() f, test.refusal(f.call) r;
UPDATE pg_extension SET extversion = '1.10' WHERE extname = 'pgaf_upgrade';
SELECT DISTINCT r.code, r.message, r.hint FROM test.of_library() f, test.refusal(f.call) r;
ROLLBACK;
SELECT count(*) AS in_agreement FROM test.of_library() f, test.refusal(f.call) r WHERE r.code = 'PU006';
DROP FUNCTION test.of_library;
