"""`pgaf-upgrade migrate`: a cluster at 15 into a fresh one at 17, beside it and under a monitor of its own, by dump and
restore; killed wherever it can be. Each test goes on where the one before it has left both."""
import json
import os

import pytest

from application import Writer
from cluster import Lab
from hosts import HELPER, HERE, NEW_BINDIR
from waiting import wait_for, wait_until

pytestmark = [pytest.mark.check, pytest.mark.together, pytest.mark.limit(1800)]

USAGE, CHECK_FAILED, REFUSED, UNREACHABLE, KILLED = 2, 3, 6, 7, -9
NEW, NEW_PORT, NEW_MONITOR_PORT = "/var/lib/postgresql/new", 5433, 6000
DATABASES = ["postgres", "rich", "shop = 'one' \\ \"two\"", "template1", "archive"]
ODD = DATABASES[2]
FROM = "host=node2,node1 user=postgres target_session_attrs=read-write"

# but the one by which writes are refused, which archive has of its own
SETTINGS = ("SELECT setrole::regrole, entry FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase, "
            "unnest(setconfig) entry"
            " WHERE datname = '{0}' AND ('{0}' = 'archive' OR entry NOT LIKE '%read_only%') ORDER BY 1, 2")
# What each cluster says of itself, without the program that is tested: rows in the order of a column, and definitions.
JUDGED = {
    "rich": [
        "SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM \"schéma with \"\"quotes\"\" and \\ and ünïcödé\".t",
        "SELECT md5(string_agg(oid::text || encode(lo_get(oid), 'hex'), '|' ORDER BY oid)) FROM "
        "pg_largeobject_metadata",
        "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND oid >= 16384",
        "SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension",
        "SELECT rolname, rolvaliduntil, rolconnlimit, rolpassword FROM pg_authid WHERE rolname LIKE 'it''s%'",
        SETTINGS.format("rich"),
    ],
    ODD: ["SELECT count(*), sum(n), md5(string_agg(text, '|' ORDER BY n)) FROM goods",
          "SELECT last_value, is_called FROM numbers", "SELECT spcname FROM pg_tablespace WHERE spcname = 'odd'"],
    "postgres": ["SELECT md5(string_agg(t::text, '|' ORDER BY n)) FROM kept t",
                 "SELECT string_agg(item::text, ' ' ORDER BY item::text) FROM pg_database, unnest(datacl) item WHERE "
                 "datname = 'postgres'",
                 SETTINGS.format("postgres")],
    "template1": ["SELECT * FROM of_template"],
    "archive": ["SELECT count(*) FROM old_orders",
                SETTINGS.format("archive")],
}


class NewCluster:
    """Its monitor and its primary on the host client, a standby on the old one's monitor host."""

    def __init__(self, lab):
        self.lab = lab

    def make(self):
        """As docs/migrate.md has it."""
        options = "--auth trust --ssl-self-signed"
        self.lab.pg("client", f"{NEW_BINDIR}/pg_autoctl create monitor --pgdata {NEW}_monitor --pgport "
                              f"{NEW_MONITOR_PORT}"
                              f" --hostname client {options}")
        self._run("client", f"{NEW}_monitor")
        uri = f"postgres://autoctl_node@client:{NEW_MONITOR_PORT}/pg_auto_failover?sslmode=require"
        for host, name in ("client", "new_1"), ("monitor", "new_2"):
            self.lab.pg(host, f"{NEW_BINDIR}/pg_autoctl create postgres --pgdata {NEW} --pgport {NEW_PORT} --hostname "
                              f"{host}"
                              f" --name {name} --pgctl {NEW_BINDIR}/pg_ctl {options} --monitor '{uri}'")
            self._run(host, NEW)
            wait_until(60, f"{name} is there", lambda: self.states().get(name) in ("single", "primary", "secondary"))

    def _run(self, host, pgdata):
        self.lab.sh(host, "systemd-run", f"--unit=pgaf-{os.path.basename(pgdata)}", "-p", "User=postgres", "-p",
                    "Restart=always",
                    "-p", f"Environment=PGDATA={pgdata}", "-p", "WorkingDirectory=/var/lib/postgresql",
                    f"{NEW_BINDIR}/pg_autoctl", "run")
        wait_until(60, "its server answers", lambda: self.lab.run(host, "sh", "-c",
                                                                  f"test -s {pgdata}/postmaster.pid").returncode == 0)

    def states(self):
        text = self.lab.pg("client", f"{NEW_BINDIR}/psql -X -p {NEW_MONITOR_PORT} -d pg_auto_failover -Atqc \""
                                     "SELECT json_object_agg(nodename, reportedstate) FROM pgautofailover.node\" || "
                                     "true")
        return json.loads(text or "null") or {}

    def psql(self, sql, database="postgres", host="client"):
        name = database.replace("\\", "\\\\").replace("'", "\\'")
        return self.lab.sh(host, "runuser", "-u", "postgres", "--", f"{NEW_BINDIR}/psql", "-X", "-v", "ON_ERROR_STOP=1",
                           "-Atq",
                           "-d", f"port={NEW_PORT} dbname='{name}' options='-c default_transaction_read_only=off'",
                           "-f", "-",
                           input=sql).strip()


def old_psql(lab, sql, database="postgres"):
    name = database.replace("\\", "\\\\").replace("'", "\\'")
    return lab.sh("node1", "runuser", "-u", "postgres", "--", f"{NEW_BINDIR}/psql", "-X", "-v", "ON_ERROR_STOP=1",
                  "-Atq",
                  "-d", f"dbname='{name}'", "-f", "-", input=sql).strip()


@pytest.fixture(scope="module")
def lab():
    with Lab("migrate") as lab:
        lab.up()
        for host in lab.data_nodes:
            lab.pg(host, f"""printf 'hostssl all %s client scram-sha-256\\n' postgres app >>{lab.pgdata}/pg_hba.conf
                             /usr/lib/postgresql/15/bin/pg_ctl reload -D {lab.pgdata}""")
        for host in (*lab.data_nodes, "client", "monitor"):
            lab.sh(host, "install", "-d", "-o", "postgres", "-m", "700", "/srv/odd = place")
        with open(os.path.join(HERE, "rich.sql")) as rich:
            lab.psql("node1", "CREATE DATABASE rich")
            lab.psql("node1", rich.read(), "rich")
        lab.psql("node1", r'''
            ALTER ROLE postgres PASSWORD 'superuser';
            CREATE ROLE app LOGIN PASSWORD 'e2e';
            CREATE TABLE kept AS SELECT n, n::text AS text, now() AS at FROM generate_series(1, 1000) n;
            CREATE TABLE e2e_writes (id bigint PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
            ALTER TABLE e2e_writes OWNER TO app;
            REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC;
            ALTER DATABASE postgres SET search_path = '$user', 'public', 'odd "schema"';
            CREATE TABLESPACE odd LOCATION '/srv/odd = place';
            CREATE DATABASE archive;
            CREATE DATABASE "shop = 'one' \ ""two""" TABLESPACE odd TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C';''')
        old_psql(lab, "CREATE TABLE of_template AS SELECT 1 AS one", "template1")
        old_psql(lab, "CREATE TABLE old_orders AS SELECT n FROM generate_series(1, 500) n;"
                      " ALTER DATABASE archive SET default_transaction_read_only = on", "archive")
        # large enough that pg_dump and pg_restore can be killed at work
        old_psql(lab, """SET client_encoding = 'UTF8';
            CREATE SEQUENCE numbers INCREMENT -3 MAXVALUE 100; SELECT nextval('numbers');
            CREATE TABLE goods AS SELECT n, repeat('é' || n, 20) AS text FROM generate_series(1, 100000) n;
            CREATE INDEX ON goods (text); CREATE UNLOGGED TABLE fleeting AS SELECT 1 AS one; CREATE TABLE no_columns ();
            INSERT INTO no_columns DEFAULT VALUES""", ODD)
        lab.put("client", "/var/lib/postgresql/.pgpass", "*:*:*:postgres:superuser\n", "600", "postgres:")
        yield lab


@pytest.fixture(scope="module")
def new(lab):
    cluster = NewCluster(lab)
    cluster.make()
    return cluster


def migrate(lab, *options, fault=None, source=FROM):
    environment = ["env", f"PGAF_UPGRADE_FAULT={fault}"] if fault else []
    return lab.run("client", *environment, HELPER, "migrate", "--pgdata", NEW, "--from", source, *options)


def done(result, *words):
    said = result.stdout + result.stderr
    assert result.returncode == 0 and all(word in said for word in words), said
    return said


def refused(result, code, *words):
    said = " ".join((result.stdout + result.stderr).split())
    assert result.returncode == code and all(word in said for word in words), said


def killed(result):
    assert result.returncode == KILLED, f"{result.returncode}: {result.stdout}{result.stderr}"


def judge(lab, new):
    for database, queries in JUDGED.items():
        for query in queries:
            assert new.psql(query, database) == old_psql(lab, query, database), f"{database}: {query}"
    wait_until(30, "the standby has it", lambda: new.psql("SELECT count(*) FROM goods", ODD, "monitor") == "100000")
    # pg_auto_failover's own roles and the cluster's states are untouched
    assert sorted(new.states().values()) == ["primary", "secondary"]
    assert lab.is_settled()


def read_only_settings(lab):
    return old_psql(lab, "SELECT datname FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase"
                         " WHERE 'default_transaction_read_only=on' = ANY (setconfig) ORDER BY 1").split("\n")


def write(lab):
    return lab.run("client", f"{NEW_BINDIR}/psql", "-XAtqd",
                   lab.conninfo().replace("read-write", "any").replace("node1,node2", "node1"),
                   "-c", "INSERT INTO e2e_writes (id) VALUES (-1 - (random() * 1e15)::bigint)")


def test_what_is_refused(lab, new):
    refused(migrate(lab, source="host=node1 user=postgres password=superuser"), USAGE, "password", ".pgpass")
    refused(migrate(lab, source="hots=node1"), USAGE, "hots", "--from")
    refused(migrate(lab, source="host=node1 user=nobody"), UNREACHABLE, "nobody", "pg_hba.conf")
    refused(migrate(lab, source=f"host=client port={NEW_PORT} user=postgres"), REFUSED, "itself")
    refused(migrate(lab, "--give-back-writes"), REFUSED, "no migration")
    refused(migrate(lab, "--give-back-writes", "--refuse-writes"), USAGE, "together")
    refused(lab.run("client", HELPER, "migrate", "--pgdata", f"{NEW}_monitor", "--from", FROM), REFUSED, "is a monitor")
    refused(lab.run("monitor", HELPER, "migrate", "--pgdata", NEW, "--from",
                    "host=node1 user=postgres hostaddr=127.0.0.1 port=1"),
            UNREACHABLE, "could not connect")
    new.psql("CREATE TABLE in_the_way ()")
    refused(migrate(lab), REFUSED, '"postgres"', "is not empty")
    new.psql("DROP TABLE in_the_way")
    lab.sh("client", "rmdir", "/srv/odd = place")
    refused(migrate(lab), REFUSED, "/srv/odd = place", "install -d")
    lab.sh("client", "install", "-d", "-o", "postgres", "-m", "700", "/srv/odd = place")
    assert new.psql("SELECT count(*) FROM pg_database") == "3" and lab.run("client", "ls",
                                                                           f"{NEW}_migration").returncode
    assert lab.run("client", "ls", f"{NEW}_pgaf_upgrade/migration.json").returncode


POINTS = ["examine:before", "examine:after", "globals:before", "globals:middle", "globals:after",
          "dump:before", "dump:middle", "dump:after", "restore:before", "restore:noted", "restore:middle",
          "restore:committed", "restore:after", "compare:before", "compare:middle", "compare:after",
          "statistics:before", "statistics:middle", "statistics:after"]


def test_killed_at_every_step_while_the_old_cluster_goes_on(lab, new):
    writer = Writer(lab).start()
    for point in POINTS:
        killed(migrate(lab, "--jobs", "3", fault=point))
    said = done(migrate(lab, "--jobs", "3"), "the new cluster has what the old one had", "--restart --refuse-writes")
    assert "restore" not in said, "what was done is done again"
    writer.wait_for_more()
    writer.stop()
    assert not writer.errors(), writer.errors()
    judge(lab, new)
    assert read_only_settings(lab) == ["archive"]
    assert int(new.psql("SELECT count(*) FROM e2e_writes")) < writer.count()
    assert new.psql("SELECT count(*) FROM pg_stats WHERE tablename = 'goods'", ODD) != "0"
    assert lab.run("client", "ls", f"{NEW}_migration").returncode, "the dumps are still there"
    done(migrate(lab), "the new cluster has what the old one had")


def test_other_options_than_it_was_begun_with(lab, new):
    refused(migrate(lab, "--refuse-writes"), REFUSED, "without --refuse-writes", "--restart")


def test_refused_writes_killed_and_a_difference(lab, new):
    """The move itself, after the rehearsal: nothing of that stays in the new cluster."""
    old_psql(lab, "DROP TABLE kept; CREATE TABLE kept AS SELECT n, 'again' AS text FROM generate_series(1, 100) n")
    session = lab.start("client", f"{NEW_BINDIR}/psql", "-XAtqd", lab.conninfo(), "-c",
                        "BEGIN; INSERT INTO e2e_writes (id) VALUES (-7)",
                        "-c", "SELECT pg_sleep(300)", log=os.path.join(lab.logs, "session"))
    old_psql(lab, "ALTER ROLE app SET default_transaction_read_only = off")
    refused(migrate(lab, "--restart", "--refuse-writes"), REFUSED, '"app"', "RESET default_transaction_read_only")
    old_psql(lab, "ALTER ROLE app RESET default_transaction_read_only")
    assert write(lab).returncode == 0
    for point in "refuse_writes:before", "refuse_writes:middle", "refuse_writes:partly", "refuse_writes:after":
        killed(migrate(lab, "--refuse-writes", fault=point))
    assert wait_for(session, 20), "a session that had begun before goes on"
    assert read_only_settings(lab) == sorted(DATABASES)
    failed = write(lab)
    assert failed.returncode and "read-only transaction" in failed.stderr, failed.stderr
    for point in "restore:middle", "restore:committed", "compare:before":
        killed(migrate(lab, "--refuse-writes", fault=point))
    # one row of the new cluster, and one that was written to the old one all the same
    new.psql("UPDATE goods SET text = 'other' WHERE n = 77", ODD)
    old_psql(lab, "SET default_transaction_read_only = off; INSERT INTO e2e_writes (id) VALUES (-3)")
    refused(migrate(lab, "--refuse-writes"), CHECK_FAILED,
            "table public.goods: 100000 rows in both clusters, but not the same ones",
            "table public.e2e_writes:", "2 differences")
    old_psql(lab, "SET default_transaction_read_only = off; DELETE FROM e2e_writes WHERE id = -3")
    new.psql("SET client_encoding = 'UTF8'; UPDATE goods SET text = repeat('é77', 20) WHERE n = 77", ODD)
    done(migrate(lab, "--refuse-writes"), "the new cluster has what the old one had", "--give-back-writes")
    assert read_only_settings(lab) == sorted(DATABASES)
    judge(lab, new)
    assert new.psql("SELECT count(*) FROM e2e_writes") == old_psql(lab, "SELECT count(*) FROM e2e_writes")
    # the new cluster takes writes, but where the old one was read-only by itself
    assert new.psql("SELECT datname FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase"
                    " WHERE setconfig::text LIKE '%read_only%'") == "archive"


def test_writes_given_back(lab, new):
    killed(migrate(lab, "--give-back-writes", fault="give_back:partly"))
    done(migrate(lab, "--give-back-writes"), "takes writes again")
    assert read_only_settings(lab) == ["archive"]
    assert write(lab).returncode == 0
    done(migrate(lab, "--give-back-writes"))
    done(migrate(lab, "--refuse-writes"), "has taken writes again since then")


def test_a_database_that_is_gone_is_filled_again(lab, new):
    """What the disk and the server say goes before what is remembered."""
    done(migrate(lab, "--restart"))
    new.psql("DROP DATABASE archive WITH (FORCE)")
    state = f"{NEW}_pgaf_upgrade/migration.json"
    text = json.loads(lab.sh("client", "cat", state))
    text["finished_at"] = ""
    lab.put("client", state, json.dumps(text), "600", "postgres:")
    said = done(migrate(lab))
    assert said.count("restore") == 1 and "dump archive" in said, said
    judge(lab, new)
    lab.put("client", state, "{", "600", "postgres:")
    refused(migrate(lab), REFUSED, "migration.json")
