-- Formations and nodes made and brought to primary and secondary by pg_auto_failover's own functions; see monitor.py.
CREATE SCHEMA bench;

-- Reports for the nodes of a formation, as their keepers would, until every node is where it is to be. The
-- health that the monitor's background worker would find is set: there is no Postgres behind these nodes.
CREATE FUNCTION bench.settle(formation text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  n record;
  rounds int := 0;
BEGIN
  UPDATE pgautofailover.node SET health = 1 WHERE formationid = formation AND health <> 1;
  WHILE EXISTS (SELECT FROM pgautofailover.node WHERE formationid = formation
                   AND (reportedstate <> goalstate OR goalstate NOT IN ('single', 'primary', 'secondary'))) LOOP
    -- those that have settled matter, too: the primary's report moves a standby that waits for it
    FOR n IN SELECT nodeid, goalstate FROM pgautofailover.node
              WHERE formationid = formation
                AND (reportedstate <> goalstate OR goalstate <> 'secondary') ORDER BY nodeid LOOP
      PERFORM pgautofailover.node_active(formation, n.nodeid, 0, n.goalstate, true, 1, '0/3000000',
                                         CASE WHEN n.goalstate = 'primary' THEN 'quorum' ELSE '' END);
    END LOOP;
    rounds := rounds + 1;
    IF rounds > 50 THEN
      RAISE EXCEPTION 'formation % does not settle: %', formation,
        (SELECT string_agg(nodeid || ' ' || reportedstate || '->' || goalstate, ', ')
           FROM pgautofailover.node WHERE formationid = formation);
    END IF;
  END LOOP;
END
$$;

-- Hosts are addresses: the time of a name server is not what is measured.
CREATE PROCEDURE bench.populate(first int, last int, nodes int) LANGUAGE plpgsql AS $$
DECLARE
  name text;
BEGIN
  FOR f IN first .. last LOOP
    name := 'f' || f;
    PERFORM pgautofailover.create_formation(name, 'pgsql', 'postgres', true, 0);
    FOR n IN 1 .. nodes LOOP
      PERFORM pgautofailover.register_node(name, format('10.%s.%s.%s', f / 250, f % 250, n), 5432, 'postgres', format('%s-n%s', name, n),
                                           7000000000000000000 + f);
      PERFORM bench.settle(name);
    END LOOP;
    COMMIT;
  END LOOP;
END
$$;

-- the token of a node's helper
CREATE FUNCTION bench.token(id bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT ('00000000-0000-0000-0000-' || lpad(id::text, 12, '0'))::uuid
$$;

-- The median of the milliseconds that a command takes, with the deferred constraints that its commit would
-- check; each time is taken back.
CREATE PROCEDURE bench.time(command text, times int, INOUT median numeric DEFAULT NULL) LANGUAGE plpgsql AS $$
DECLARE
  began timestamptz;
  found numeric[] := '{}';
BEGIN
  FOR i IN 1 .. times + 2 LOOP
    began := clock_timestamp();
    EXECUTE command;
    SET CONSTRAINTS ALL IMMEDIATE;
    IF i > 2 THEN
      found := found || 1000 * extract(epoch FROM clock_timestamp() - began);
    END IF;
    ROLLBACK;
  END LOOP;
  SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY v)::numeric, 3) INTO median FROM unnest(found) v;
END
$$;
