"""What clusters in the field look like: inputs that public reports of major upgrades tell of. Those of a kind share a
cluster, which has all of them at once and is upgraded; each has a test of its own for what became of it.

Kind A: no server that the helper or pg_upgrade starts goes by the cluster's own configuration, access rules, passwords,
workers or guards, so that what was checked is what is done in the switch."""
import os
import re

import pytest

from cluster import Lab
from field import Field, compile_library
from hosts import NEW_BINDIR
from test_checks import check

pytestmark = [pytest.mark.all, pytest.mark.together, pytest.mark.limit(1800)]

PID_FILE = "/var/run/postgresql/main.pid"
LOG = "/var/log/field/postgresql.log"


# -- the cases: each makes its state, and what has to be set goes into the settings --

def background_worker(lab, settings):
    compile_library(lab, "field_worker")
    lab.psql("node1", "CREATE TABLE field_beats (at timestamptz DEFAULT now(), major int"
                      " DEFAULT current_setting('server_version_num')::int / 10000,"
                      " is_private bool DEFAULT current_setting('listen_addresses') = '')")
    settings.libraries.append("field_worker")


def preloaded_guard(lab, settings):
    compile_library(lab, "field_guard")
    settings.libraries.append("field_guard")


def guard_of_database(lab, settings):
    """It comes with the database into the new cluster, and is loaded by whoever connects."""
    if "field_guard" not in settings.libraries:
        compile_library(lab, "field_guard")
    lab.psql("node1", "CREATE DATABASE guarded")
    lab.psql("node1", "CREATE TABLE t AS SELECT 1 AS n", "guarded")
    for setting in ("session_preload_libraries = 'field_guard'", "default_transaction_isolation = 'serializable'",
                    "default_transaction_read_only = on"):
        lab.psql("node1", f"ALTER DATABASE guarded SET {setting}")


def role_of_database(lab, settings):
    lab.psql("node1", "CREATE ROLE field_app; CREATE DATABASE of_app")
    lab.psql("node1", "CREATE TABLE t AS SELECT 1 AS n", "of_app")
    lab.psql("node1", "ALTER DATABASE of_app SET role = 'field_app'")


def data_directory(lab, settings):
    settings.lines.append(f"data_directory = '{lab.pgdata}'")


def external_pid_file(lab, settings):
    settings.lines.append(f"external_pid_file = '{PID_FILE}'")
    for host in lab.data_nodes:
        lab.sh(host, "install", "-d", "-o", "postgres", "/var/run/postgresql")


def path_out_of_pgdata(lab, settings):
    for host in lab.data_nodes:
        lab.pg(host, f"cd {lab.pgdata}; mkdir ../ssl ../conf; cp server.crt server.key ../ssl/;"
                     " echo \"work_mem = '7MB'\" >../conf/common.conf")
    settings.lines += ["include '../conf/common.conf'", "ssl_cert_file = '../ssl/server.crt'",
                       "ssl_key_file = '../ssl/server.key'"]


def passwords(lab, settings):
    """The owner's .pgpass names the port that the server has."""
    lab.psql("node1", "SET password_encryption = 'scram-sha-256'; ALTER ROLE postgres PASSWORD 'field'")
    for host in lab.data_nodes:
        lab.put(host, "/var/lib/postgresql/.pgpass", f"*:{lab.port}:*:postgres:field\n", "600", "postgres:postgres")
    settings.rules.append("local all postgres scram-sha-256")


def log_of_the_cluster(lab, settings):
    """Outside PGDATA, by a name that another server would choose, too."""
    for host in lab.data_nodes:
        lab.sh(host, "install", "-d", "-o", "postgres", os.path.dirname(LOG))
    settings.lines += [f"log_directory = '{os.path.dirname(LOG)}'", f"log_filename = '{os.path.basename(LOG)}'"]


CASES = [background_worker, preloaded_guard, guard_of_database, role_of_database, data_directory, external_pid_file,
         path_out_of_pgdata, passwords, log_of_the_cluster]


@pytest.fixture(scope="module")
def field():
    with Lab("field") as lab:
        lab.up()
        yield Field(lab, CASES)


def pid_in(lab, path):
    return lab.sh("node1", "head", "-n", "1", path).strip()


def test_check_finds_nothing(field):
    """None of them is in the way, and the check says so."""
    report = field.checked()
    assert report.of("error") == [], report.text


def test_guard_that_labels_need(field):
    """Which library provides labels cannot be told: all are loaded then, and the check finds what the guard refuses."""
    lab = field.lab
    lab.psql("node1", "SECURITY LABEL FOR field ON ROLE field_app IS 'a label'")
    try:
        report = check(lab, "node1", "schema_restores")
        assert report.of("error") == ["schema_restores"], report.text
        assert "the guard wants a WHERE clause" in " ".join(report.text.split()), report.text
    finally:
        lab.psql("node1", "SECURITY LABEL FOR field ON ROLE field_app IS NULL")


def test_log_of_the_cluster(field):
    """Only the serving server writes to it."""
    said = field.prepared().sh("node1", "cat", LOG)
    assert "starting PostgreSQL 15" in said and "starting PostgreSQL 17" not in said


def test_external_pid_file(field):
    """It is the serving server's all the while."""
    lab = field.prepared()
    assert pid_in(lab, PID_FILE) == pid_in(lab, f"{lab.pgdata}/postmaster.pid")
    field.upgraded()
    assert pid_in(lab, PID_FILE) == pid_in(lab, f"{lab.pgdata}/postmaster.pid")


@pytest.mark.check
def test_background_worker(field):
    """It works again in the new server, and wrote nothing in one of pg_upgrade's."""
    lab = field.upgraded()
    assert lab.psql("node1", "SELECT DISTINCT major FROM field_beats ORDER BY 1") == "15\n17"
    assert lab.psql("node1", "SELECT count(*) FROM field_beats WHERE is_private") == "0"


def test_preloaded_guard(field):
    lab = field.upgraded()
    said = lab.run("node1", "runuser", "-u", "postgres", "--", f"{NEW_BINDIR}/psql", "-Xc",
                   "UPDATE field_beats SET major = 0")
    assert "the guard wants a WHERE clause" in said.stderr, said


@pytest.mark.parametrize("database", ["guarded", "of_app"])
def test_settings_of_database(field, database):
    """They are there, and so is what is in it."""
    lab = field.upgraded()
    assert lab.psql("node1", "SET role = none; SELECT n FROM t", database) == "1"
    assert lab.psql("node1", f"""SELECT array_length(setconfig, 1) FROM pg_db_role_setting
        JOIN pg_database d ON d.oid = setdatabase WHERE datname = '{database}'""") in ("1", "3")


def test_data_directory(field):
    lab = field.upgraded()
    assert lab.psql("node1", "SHOW data_directory") == lab.pgdata


def test_path_out_of_pgdata(field):
    lab = field.upgraded()
    assert lab.psql("node1", "SHOW work_mem") == "7MB"
    assert lab.psql("node1", "SHOW ssl_cert_file") == "../ssl/server.crt"


def test_passwords(field):
    """The rules hold in the new cluster, and pg_upgrade needed none of them."""
    lab = field.upgraded()
    assert re.search("^local all postgres scram-sha-256$", lab.sh("node1", "cat", f"{lab.pgdata}/pg_hba.conf"), re.M)
