"""`pgaf-upgrade rehearse`: the real pg_upgrade on a copy of the catalogs, while the cluster serves."""
import json
import os

import pytest

from application import Writer
from cluster import Lab
from customized import Customized
from hosts import HELPER, NEW_BINDIR, OLD_BINDIR
from test_checks import wait_serving
from waiting import wait_until

pytestmark = [pytest.mark.check, pytest.mark.together, pytest.mark.limit(900)]

CHECK_FAILED, ENDED_BY_SIGNAL = 3, 137
# catalogs that are not where initdb made them, and whatever pg_upgrade asks of a relation more than its definition
OBJECTS = """
CREATE TABLE many_rows AS SELECT n, repeat('x', 200) AS t FROM generate_series(1, 400000) n;
CREATE TABLE counted (id bigserial PRIMARY KEY, t text);
INSERT INTO counted (t) SELECT 'x' FROM generate_series(1, 1000);
CREATE UNLOGGED TABLE unlogged_one AS SELECT 1 AS n;
CREATE TABLE in_tablespace TABLESPACE elsewhere AS SELECT n FROM generate_series(1, 1000) n;
CREATE INDEX ON in_tablespace (n) TABLESPACE elsewhere;
CREATE MATERIALIZED VIEW summed AS SELECT count(*) FROM many_rows;
SELECT lo_from_bytea(0, 'a large object') FROM generate_series(1, 50);
CREATE EXTENSION pg_trgm;
CREATE INDEX ON many_rows USING gin (t gin_trgm_ops);"""


@pytest.fixture(scope="module")
def lab():
    with Lab("rehearse") as lab:
        lab.up()
        Customized(lab)
        for host in lab.data_nodes:
            lab.sh(host, "install", "-d", "-o", "postgres", "-m", "700", "/srv/elsewhere")
        lab.psql("node1", "ALTER SYSTEM SET max_prepared_transactions = 5")
        lab.psql("node2", "ALTER SYSTEM SET max_prepared_transactions = 5")
        for host in ("node2", "node1"):
            lab.sh(host, "systemctl", "restart", "pgautofailover")
            wait_serving(lab)
        lab.psql("node1", "CREATE TABLESPACE elsewhere LOCATION '/srv/elsewhere'")
        lab.psql("node1", OBJECTS)
        lab.psql("node1", "CREATE DATABASE second")
        lab.psql("node1", "CREATE TABLE of_second (id serial, t text)", "second")
        for catalog in ("pg_class", "pg_attribute", "pg_proc", "pg_authid"):
            lab.psql("node1", f"VACUUM FULL {catalog}")
        wait_serving(lab)
        yield lab


def rehearse(lab, host, *options, code=0):
    done = lab.run(host, HELPER, "rehearse", *options)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def left_behind(lab, host):
    """Directories and processes of a rehearsal."""
    directories = lab.run(host, "sh", "-c", f"ls -d {lab.pgdata}_pgaf_check_*").stdout
    return directories + lab.run(host, "pgrep", "-af", "_pgaf_check_").stdout


def serving(lab, host):
    """What a rehearsal has no business to change."""
    return lab.pg(host, f"cd {lab.pgdata}; head -1 postmaster.pid; ls pg_replslot base pg_tblspc/; cat PG_VERSION;"
                        f" {OLD_BINDIR}/pg_controldata -D . | grep 'system identifier'")


def test_while_the_primary_is_written_to(lab):
    writer = Writer(lab).start()
    writer.wait_for_more()
    before = serving(lab, "node1")
    lab.psql("node1", "BEGIN; CREATE TABLE prepared (n int); PREPARE TRANSACTION 'of an application'")
    try:
        churn = lab.start("node1", "runuser", "-u", "postgres", "--", "sh", "-c", f"""
            until [ -e /tmp/enough ]; do {NEW_BINDIR}/psql -Xqp {lab.port} -d postgres -c "
                CREATE TABLE churn (id serial PRIMARY KEY, t text); INSERT INTO churn (t) VALUES ('x')" -c "
                VACUUM FULL pg_index" -c "DROP TABLE churn" || exit; done""", log=os.path.join(lab.logs, "churn"))
        found = json.loads(rehearse(lab, "node1", "--json").stdout)
        assert churn.poll() is None
        lab.sh("node1", "touch", "/tmp/enough")
        assert churn.wait(timeout=60) == 0
    finally:
        lab.psql("node1", "ROLLBACK PREPARED 'of an application'")
        writer.wait_for_more()
        writer.stop()
    assert writer.lost() == []
    assert [check["name"] for check in found["checks"] if check["passed"]] == ["schema_restores", "extension_updates"]
    assert found["not_analyzed"] == []
    size = int(lab.psql("node1", "SELECT pg_table_size('many_rows')"))
    assert found["copied_bytes"] < size + 100 * 2**20 and found["empty_files"] > 20, (found, size)
    assert 0 <= found["disturbed_seconds"] <= found["pg_upgrade_seconds"]
    assert 0 < found["pg_upgrade_seconds"] < found["estimate"]["seconds"] + found["disturbed_seconds"]
    assert any(part["part"].startswith("Restoring database schemas") for part in found["parts"]), found["parts"]
    assert left_behind(lab, "node1") == ""
    assert serving(lab, "node1") == before


def test_on_a_standby_that_follows(lab):
    before = serving(lab, "node2")
    done = rehearse(lab, "node2")
    assert "writes are refused for about" in done.stdout
    assert left_behind(lab, "node2") == "" and serving(lab, "node2") == before
    wait_serving(lab)


def test_on_the_monitor(lab):
    assert "the monitor is away for about" in rehearse(lab, "monitor").stdout
    assert left_behind(lab, "monitor") == ""


def test_each_definition_is_named_that_cannot_be_restored(lab):
    for database in ("postgres", "second"):
        for view in ("gone_1", "gone_2"):
            lab.psql("node1", f"CREATE VIEW {view} AS SELECT checkpoints_timed FROM pg_stat_bgwriter", database)
    try:
        done = rehearse(lab, "node1", code=CHECK_FAILED)
    finally:
        for database in ("postgres", "second"):
            lab.psql("node1", "DROP VIEW gone_1, gone_2", database)
    for database in ("postgres", "second"):
        for view in ("gone_1", "gone_2"):
            assert f'VIEW {view} postgres in database "{database}"' in " ".join(done.stdout.split()), done.stdout
    assert left_behind(lab, "node1") == ""


@pytest.mark.parametrize("moment", ["creating a new cluster", "recovery.log", "pg_upgrade.log"])
def test_killed_it_leaves_nothing_that_the_next_does_not_end(lab, moment):
    pattern = f"{lab.pgdata}_pgaf_check_*"
    running = lab.start("node1", HELPER, "rehearse", log=os.path.join(lab.logs, "killed"))
    wait_until(60, f"the rehearsal has come to {moment}", lambda: lab.run("node1", "sh", "-c", (
        f"ls -d {pattern}" if " " in moment else f"ls {pattern}/pgaf_trial/{moment}")).returncode == 0)
    lab.sh("node1", "pkill", "-KILL", "-x", "pgaf-upgrade")
    running.wait(timeout=60)
    rehearse(lab, "node1")
    assert left_behind(lab, "node1") == ""
    assert lab.psql("node1", "SELECT count(*) FROM pg_replication_slots WHERE slot_name ~ 'rehearsal'") == "0"


def test_ended_by_ctrl_c(lab):
    running = lab.start("node1", HELPER, "rehearse", log=os.path.join(lab.logs, "ended"))
    wait_until(60, "pg_upgrade runs", lambda: lab.run("node1", "pgrep", "-x", "pg_upgrade").returncode == 0)
    lab.sh("node1", "pkill", "-INT", "-x", "pgaf-upgrade")
    running.wait(timeout=60)
    with open(os.path.join(lab.logs, "ended"), encoding="utf-8") as log:
        assert "stopped by the operator" in log.read()
    assert left_behind(lab, "node1") == ""


@pytest.mark.parametrize("options, said", [
    (["--target", "15"], 'the target 15 is not above version 15'), (["--method", "swap"], "cannot swap"),
    (["--method", "magic"], 'invalid value "magic"'), (["--json", "--only", "x"], "--only")])
def test_what_it_does_not_take(lab, options, said):
    done = lab.run("node1", HELPER, "rehearse", *options)
    assert done.returncode == 2 and said in done.stderr, done.stderr
