"""What clusters in the field look like, kinds E and F: bytes that are no UTF-8, privileges and settings that others
have set, and file systems that cannot exchange two names."""
import os

import pytest

from cluster import Lab
from field import Field
from hosts import HERE, CommandFailed
from waiting import wait_for, wait_until

pytestmark = [pytest.mark.all, pytest.mark.together, pytest.mark.limit(1800)]

LATIN1_TABLE = 'CREATE TABLE größe AS SELECT n, repeat(\'ä\', 10) AS t FROM generate_series(1, 1000) n'
# "größe" in the bytes of Latin 1, which a database without an encoding keeps as they are
MAKE_RAW = """printf 'CREATE TABLE "gr\\366\\337e" AS SELECT n FROM generate_series(1, 1000) n;
    CREATE INDEX ON "gr\\366\\337e" (n); ANALYZE' |
    PGCLIENTENCODING=SQL_ASCII /usr/lib/postgresql/15/bin/psql -Xq -d raw"""
TIMEOUTS = ("statement_timeout = '1ms'", "lock_timeout = '1ms'", "idle_in_transaction_session_timeout = '1ms'",
            "idle_session_timeout = '200ms'", "client_encoding = 'LATIN1'")


def renames_without_flags(lab, settings):
    path = os.path.join(HERE, "field_renames.c")
    with open(path, encoding="utf-8") as source:
        text = source.read()
    for host in lab.data_nodes:
        lab.put(host, "/root/field_renames.c", text)
        lab.sh(host, "sh", "-ec", "gcc -shared -fPIC -o /usr/local/lib/field_renames.so /root/field_renames.c;"
                                  " echo /usr/local/lib/field_renames.so >/etc/ld.so.preload")


def bytes_of_latin_1(lab, settings):
    """With a used table named in them."""
    lab.psql("node1", "CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'")
    lab.psql("node1", "CREATE DATABASE raw TEMPLATE template0 ENCODING SQL_ASCII LOCALE 'C'")
    lab.psql("node1", f"SET client_encoding = 'UTF8'; {LATIN1_TABLE}; CREATE INDEX ON größe (n); ANALYZE", "latin")
    lab.pg("node1", MAKE_RAW)


def timeouts_of_databases(lab, settings):
    """After what else is made in them."""
    for database in ("latin", "raw"):
        for setting in TIMEOUTS:
            lab.psql("node1", f"ALTER DATABASE {database} SET {setting}")


def privileges_by_default(lab, settings):
    lab.psql("node1", """CREATE ROLE app LOGIN;
        ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO app WITH GRANT OPTION;
        ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO app; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app""")


def nobody_connects(lab, settings):
    lab.psql("node1", "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC; GRANT CONNECT ON DATABASE postgres TO app, "
                      "pgautofailover_monitor")


CASES = [renames_without_flags, bytes_of_latin_1, timeouts_of_databases, privileges_by_default, nobody_connects]


def acl(lab):
    return sorted(lab.psql("node1", "SELECT unnest(datacl)::text FROM pg_database WHERE datname = 'postgres'").split())


def with_helpers_that_die(field):
    """The primary's in the middle of the exchange of names, the standby's in its second half, while the seed is
    offered; each goes on by the same command."""
    lab = field.lab

    def carry_out(upgrade):
        for host in lab.data_nodes:
            upgrade.kill_helper(host)
        upgrade.start_helper("node1", fault="exchange:middle")
        upgrade.start_helper("node2", fault="exchange:late")
        upgrade.approve()
        wait_for(upgrade.helpers.pop("node1"), 120)
        field.noted["middle"] = lab.sh("node1", "sh", "-c", f"ls -d {lab.pgdata}*")
        upgrade.start_helper("node1")
        wait_for(upgrade.helpers.pop("node2"), 120)
        field.noted["late"] = lab.sh("node2", "sh", "-c", f"ls -d {lab.pgdata}*")
        wait_until(60, "the seed is offered", lambda: lab.psql(
            "node1", "SELECT to_regclass('pgaf_upgrade_seed.marker') IS NOT NULL") == "t")
        field.noted["seed"] = [refusal(lab, f"SET ROLE app; SELECT pgaf_upgrade_seed.{call}") for call in (
            "size('manifest')", "read('pack', 0, 100)", "file('pack')")]
        field.noted["marker"] = refusal(lab, "SET ROLE app; SELECT FROM pgaf_upgrade_seed.marker")
        upgrade.start_helper("node2")
    return carry_out


def refusal(lab, sql):
    try:
        return lab.psql("node1", sql)
    except CommandFailed as error:
        return str(error)


@pytest.fixture(scope="module")
def field():
    with Lab("fieldmachine") as lab:
        lab.up()
        field = Field(lab, CASES)
        field.noted["acl"] = acl(lab)
        field.by = with_helpers_that_die(field)
        yield field


def test_check_finds_nothing_in_the_way(field):
    for host in field.lab.data_nodes:
        report = field.checked(host)
        assert report.of("error") == [] and report.of("warning") == [], report.text
        assert report.found["renames_in_steps"] == "note", report.text


@pytest.mark.check
def test_exchange_in_steps(field):
    """Both died between two names, and went on."""
    lab = field.upgraded()
    assert f"{lab.pgdata}_pgaf_middle_pg17" in field.noted["middle"].split(), field.noted["middle"]
    assert lab.pgdata not in field.noted["middle"].split()
    assert f"{lab.pgdata}_pgaf_middle_pgaf_spare" in field.noted["late"].split(), field.noted["late"]
    for host in lab.data_nodes:
        left = lab.sh(host, "sh", "-c", f"ls -d {lab.pgdata}*").split()
        assert left == [lab.pgdata, f"{lab.pgdata}_pg15", f"{lab.pgdata}_pgaf_upgrade"], left
        assert lab.server_version(host) == 17


def test_bytes_of_latin_1(field):
    """The tables are there, with their statistics."""
    lab = field.upgraded()
    assert lab.psql("node1", "SET statement_timeout = 0; SET client_encoding = 'UTF8'; SELECT count(*) FROM größe",
                    "latin") == "1000"
    for database in ("latin", "raw"):
        assert lab.psql("node1", """SET statement_timeout = 0; SELECT count(DISTINCT starelid) FROM pg_statistic
            WHERE starelid >= 16384""", database) == "1"
        assert lab.psql("node1", f"""SELECT array_length(setconfig, 1) FROM pg_db_role_setting
            JOIN pg_database d ON d.oid = setdatabase WHERE datname = '{database}'""") == str(len(TIMEOUTS))


@pytest.mark.check
def test_seed_is_for_standbys_alone(field):
    """Whatever privileges others get by default."""
    lab = field.upgraded()
    assert all("permission denied for schema pgaf_upgrade_seed" in said for said in field.noted["seed"]), field.noted
    assert "permission denied" in field.noted["marker"], field.noted["marker"]
    assert lab.psql("node1", "SELECT to_regnamespace('pgaf_upgrade_seed') IS NULL") == "t"


def test_nobody_connects(field):
    """The standby is built by links all the same, and who may connect is as it was."""
    lab = field.upgraded()
    assert lab.shared_files("node2"), "the standby is not built by links"
    assert acl(lab) == field.noted["acl"]
