"""Redundancy comes first: what no data depends on, and fails behind the switch, holds up nothing. It is done as far as
it goes, and what failed is a warning that says what to type, until somebody acknowledges it."""
import json

import pytest

from driver import Upgrade
from hosts import HELPER, CommandFailed

pytestmark = pytest.mark.limit(1500)

WARNINGS = 8

# PostgreSQL 17 has ANALYZE call functions with a safe search_path
UNSAFE_FUNCTION = """
CREATE FUNCTION inner_f(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1)';
CREATE FUNCTION fidx(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN inner_f($1); END $$;
CREATE TABLE t (a text);
INSERT INTO t SELECT 'x' || n FROM generate_series(1, 1000) n;
CREATE INDEX ON t (fidx(a));
CREATE TABLE well AS SELECT n FROM generate_series(1, 1000) n;
ANALYZE;
"""
VIEW_ON_EXTENSION = """
CREATE EXTENSION pg_stat_statements;
CREATE VIEW slow AS SELECT query, total_exec_time FROM pg_stat_statements;
"""
PARTITIONED = """
CREATE TABLE p (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (500);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (500) TO (1001) PARTITION BY RANGE (a);
CREATE TABLE p21 PARTITION OF p2 FOR VALUES FROM (500) TO (1001);
CREATE STATISTICS of_p (dependencies) ON a, b FROM p;
CREATE STATISTICS of_p1 (dependencies) ON a, b FROM p1;
INSERT INTO p SELECT n, n / 10 FROM generate_series(1, 1000) n;
CREATE TABLE empty (a int);
ANALYZE p;
ANALYZE empty;
"""
STATISTICS = """
SELECT c.relname, s.stainherit, count(*) FROM pg_statistic s JOIN pg_class c ON c.oid = s.starelid
 WHERE c.relnamespace = 'public'::regnamespace GROUP BY 1, 2
UNION ALL
SELECT e.stxname, d.stxdinherit, 1 FROM pg_statistic_ext_data d JOIN pg_statistic_ext e ON e.oid = d.stxoid
 ORDER BY 1, 2
"""
EXPECTED = {'extension pg_stat_statements in database "zzz"': "cannot drop",
            'statistics of public.t in database "aaa"': "function inner_f(text) does not exist"}


def make_what_fails(lab):
    """In database aaa, so that what comes after it in zzz is not reached by who ends at the first failure."""
    for database, sql in (("aaa", UNSAFE_FUNCTION), ("zzz", VIEW_ON_EXTENSION + PARTITIONED)):
        lab.psql("node1", f"CREATE DATABASE {database}")
        lab.psql("node1", sql, database)


def said_beforehand(lab):
    done = lab.run("node1", HELPER, "check", "--only", "extension_updates,index_functions")
    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("extension pg_stat_statements in database \"zzz\"", "view public.slow",
                  "table public.t in database \"aaa\": function inner_f(text) does not exist",
                  "ALTER FUNCTION public.fidx(text) SET search_path = public, pg_temp;"):
        assert words in " ".join(done.stdout.split()), done.stdout
    assert lab.psql("node1", "SELECT count(*) > 0 FROM pg_stats WHERE tablename = 't'", "aaa") == "t"


def open_warnings(lab, host):
    """{object: error} of `status`, which exits with their code while there are some."""
    done = lab.run(host, HELPER, "status", "--json")
    run = json.loads(done.stdout)["run"]
    found = [warning for node in run["nodes"] for step in node["steps"] if not step["acknowledged_at"]
             for warning in step["warnings"]]
    assert run["open_warnings"] == len(found) and done.returncode == (WARNINGS if found else 0), done.stdout
    assert all(warning["remedy"] for warning in found)
    return {warning["object"]: warning["error"] for warning in found}


def shown_everywhere(lab):
    found = open_warnings(lab, "node2")
    assert sorted(found) == sorted(EXPECTED), found
    assert all(words in found[name] for name, words in EXPECTED.items()), found
    done = lab.run("node1", HELPER, "status")
    assert done.returncode == WARNINGS, done.stdout
    assert "2 open: SELECT pgaf_upgrade_acknowledge(1, 'note')" in done.stdout, done.stdout
    assert 'state="open"} 2' in lab.run("node1", HELPER, "status", "--prometheus").stdout
    assert "upgraded, with warnings" in lab.sh("node1", HELPER, "report", "--html", "-")
    assert lab.monitor_sql("SELECT DISTINCT step FROM pgaf_upgrade_progress() WHERE state = 'done with warnings'"
                           " ORDER BY 1") == "statistics\nupdate_extensions"
    assert lab.monitor_sql("SELECT found FROM pgaf_upgrade_checks() WHERE check_name = 'statistics_after_upgrade'"
                           " AND NOT passed").splitlines()[0].startswith('own public.t')


def dealt_with(lab):
    """What the warnings say is to be typed."""
    lab.psql("node1", "ALTER FUNCTION fidx(text) SET search_path = public, pg_temp; ANALYZE public.t", "aaa")
    lab.psql("node1", "DROP VIEW slow; ALTER EXTENSION pg_stat_statements UPDATE;"
                      "CREATE VIEW slow AS SELECT query, total_exec_time FROM pg_stat_statements", "zzz")
    assert lab.monitor_sql("SELECT pgaf_upgrade_acknowledge(1, 'view made again, function has a path')") == "2"
    assert open_warnings(lab, "node1") == {}
    assert lab.monitor_sql("SELECT warnings, warnings_open FROM pgaf_upgrade_history()") == "2|0"


@pytest.mark.check
def test_what_no_data_depends_on_holds_up_nothing(make_lab):
    lab = make_lab("redundancy")
    make_what_fails(lab)
    before = lab.psql("node1", STATISTICS, "zzz")
    assert "p|t" in before and "of_p|t" in before and "of_p1|f" in before and "p2|t" in before, before
    said_beforehand(lab)
    upgrade = Upgrade(lab, ends_with=WARNINGS)
    upgrade.start()
    upgrade.carry_through()
    lab.wait_settled()
    shown_everywhere(lab)
    assert lab.psql("node1", STATISTICS, "zzz") == before
    assert "well|f" in lab.psql("node1", STATISTICS, "aaa")
    dealt_with(lab)
    lab.perform_switchover()


def refuse_ddl(lab):
    lab.psql("node1", """
        CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no DDL here'; END $$;
        CREATE EVENT TRIGGER refuse ON ddl_command_start EXECUTE FUNCTION refuse();""")


@pytest.mark.all
def test_event_trigger_that_raises(make_lab):
    """In the database in which the seed is offered. It holds for the applications, and not for the upgrade."""
    lab = make_lab("redundancy")
    refuse_ddl(lab)
    upgrade = Upgrade(lab)
    upgrade.start()
    upgrade.carry_through()
    lab.wait_settled()
    assert lab.shared_files("node2"), "the standby is not built by links"
    with pytest.raises(CommandFailed, match="no DDL here"):
        lab.psql("node1", "CREATE TABLE t ()")
    assert lab.psql("node1", "SELECT to_regnamespace('pgaf_upgrade_seed') IS NULL") == "t"


@pytest.mark.all
def test_seed_that_cannot_be_offered(make_lab):
    """Without one the standby is copied: the server serves already, and nothing is worth more than redundancy."""
    lab = make_lab("redundancy")
    lab.psql("node1", "CREATE EXTENSION hstore; CREATE SCHEMA pgaf_upgrade_seed;"
                      "ALTER EXTENSION hstore ADD SCHEMA pgaf_upgrade_seed")
    upgrade = Upgrade(lab)
    upgrade.start()
    upgrade.carry_through()
    lab.wait_settled()
    assert "extension hstore requires it" in lab.monitor_sql("""
        SELECT result -> 'seed' ->> 'none' FROM pgaf_upgrade.step WHERE name = 'start' AND result ? 'seed'""")
    assert not lab.shared_files("node2")
