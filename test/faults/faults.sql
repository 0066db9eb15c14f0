-- The loops of test/faults/faults.py, on the server's side. :module is fault_injection.
CREATE FUNCTION test.arm(kind int, at int) RETURNS void LANGUAGE c AS :'module', 'fault_arm';
CREATE FUNCTION test.disarm() RETURNS boolean LANGUAGE c AS :'module', 'fault_disarm';
CREATE FUNCTION test.memory_in_use() RETURNS bigint LANGUAGE c AS :'module', 'fault_memory_in_use';

-- Runs a command again and again, each time with the fault one place later, until it succeeds untouched.
-- Whatever it does is taken back. Allocations are many: beyond the 60th the places lie further apart.
CREATE FUNCTION test.break(command text, kind int, expected text, OUT faults int, OUT wrong text) LANGUAGE plpgsql AS $$
DECLARE
  at int := 0;
  untouched boolean := false;
  fired boolean;
  found_hint text;
BEGIN
  faults := 0;
  WHILE NOT untouched LOOP
    at := at + 1 + CASE kind WHEN 3 THEN at / 60 * (1 + at / 20) ELSE 0 END;
    BEGIN
      PERFORM test.arm(kind, at);
      EXECUTE command;
      fired := test.disarm();
      IF fired THEN
        RAISE EXCEPTION USING ERRCODE = 'FI998', MESSAGE = 'the fault was swallowed';
      END IF;
      RAISE EXCEPTION USING ERRCODE = 'FI999';
    EXCEPTION WHEN query_canceled OR OTHERS THEN
      fired := test.disarm();
      GET STACKED DIAGNOSTICS found_hint = PG_EXCEPTION_HINT;
      IF SQLSTATE = 'FI999' THEN
        untouched := true;
      ELSIF NOT fired THEN
        -- the call itself is refused: there is nothing to see here
        RAISE;
      ELSE
        faults := faults + 1;
        IF SQLSTATE <> expected OR (kind = 1 AND found_hint <> 'Injected hint.') THEN
          wrong := coalesce(wrong || '; ', '') || format('at %s: %s %s', at, SQLSTATE, SQLERRM);
        END IF;
      END IF;
    END;
  END LOOP;
END
$$;

-- Runs a command many times, each in a transaction of its own that is rolled back, and puts into
-- test.growth how many bytes more are in use than after the first of them: chunks of palloc, and what
-- malloc has given out beside the blocks of palloc.
CREATE TABLE test.growth (palloc bigint, malloc bigint);
CREATE FUNCTION test.in_use(OUT palloc bigint, OUT malloc bigint) LANGUAGE sql AS $$
  SELECT sum(used_bytes), test.memory_in_use() - sum(total_bytes) FROM pg_backend_memory_contexts
$$;
CREATE PROCEDURE test.repeat(command text, expected text, warm_up int, times int) LANGUAGE plpgsql AS $$
DECLARE
  first record;
  last record;
  outcome text;
BEGIN
  FOR i IN 1 .. warm_up + times LOOP
    outcome := 'done';
    BEGIN
      EXECUTE command;
    EXCEPTION WHEN OTHERS THEN
      outcome := SQLSTATE;
    END;
    ROLLBACK;
    IF outcome <> expected THEN
      RAISE EXCEPTION 'expected %, got %', expected, outcome;
    END IF;
    IF i = warm_up THEN
      SELECT * INTO first FROM test.in_use();
    END IF;
  END LOOP;
  SELECT * INTO last FROM test.in_use();
  INSERT INTO test.growth VALUES (last.palloc - first.palloc, last.malloc - first.malloc);
END
$$;

-- What must be as before when a call has failed.
CREATE FUNCTION test.digest() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  name text;
  part text;
  total text := '';
BEGIN
  FOR name IN SELECT c.oid::regclass::text FROM pg_class c
               WHERE c.relnamespace IN ('pgaf_upgrade'::regnamespace, 'pgautofailover'::regnamespace) AND c.relkind = 'r'
            ORDER BY 1 LOOP
    EXECUTE format('SELECT md5(string_agg(t::text, e''\n'' ORDER BY t::text)) FROM %s t', name) INTO part;
    total := total || name || coalesce(part, '-');
  END LOOP;
  RETURN md5(total);
END
$$;
