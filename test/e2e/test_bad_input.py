"""What is refused: one clear line with a hint, a non-zero exit, and nothing changed."""
import os

import pytest

from cluster import Lab
from driver import Upgrade
from hosts import HELPER, NEW_BINDIR
from waiting import wait_for, wait_until

pytestmark = [pytest.mark.check, pytest.mark.together]

REFUSED, UNREACHABLE = 6, 7


@pytest.fixture(scope="module")
def lab():
    with Lab("bad") as lab:
        lab.up()
        lab.monitor_sql("CREATE EXTENSION pgaf_upgrade")
        yield lab


def shape(lab):
    """What must not change: the nodes, the folders, the unit, the runs."""
    nodes = [" ".join(map(str, (node["name"], node["reported"], node["goal"], node["sysidentifier"])))
             for node in lab.nodes()]
    hosts = [f"{host}: {line}" for host in lab.hosts for line in lab.sh(host, "sh", "-ec", f"""
        ls -1 {os.path.dirname(lab.pgdata)} | sort; cat {lab.pgdata}/PG_VERSION; ls -1 {lab.pgdata} | sort
        sha256sum /etc/systemd/system/pgautofailover.service; pgrep -o -x pg_autoctl""").splitlines()]
    return nodes + hosts + lab.monitor_sql("SELECT runid, state FROM pgaf_upgrade.run").splitlines()


@pytest.fixture
def unchanged(lab):
    before = shape(lab)
    yield
    assert shape(lab) == before


def assert_refused(done, *words, code=None):
    """One error line and one hint line, and a non-zero exit. What `check` found is its output."""
    shown = f"exit {done.returncode}\n{done.stdout}{done.stderr}"
    assert done.returncode, shown
    if code is not None:
        assert done.returncode == code, shown
    lines = done.stderr.splitlines()
    assert len(lines) == 2, shown
    assert lines[0].startswith("pgaf-upgrade: error: ") and lines[1].startswith("hint: "), shown
    assert len(lines[1]) > len("hint: ")
    for word in words:  # of the whole, as a check's findings stand above the error
        assert word in shown, f"no {word!r} in\n{shown}"


def sql_error(lab, sql):
    """The lines of the error by which the monitor's database refuses this."""
    done = lab.run("monitor", "setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups",
                   f"{NEW_BINDIR}/psql", "-X", "-p", str(lab.port), "-d", "pg_auto_failover", "-c", sql)
    assert done.returncode, done.stdout
    lines = done.stderr.splitlines()
    assert sum(line.startswith("ERROR:") for line in lines) == 1, done.stderr
    assert sum(line.startswith("HINT:") for line in lines) == 1, done.stderr
    return done.stderr


@pytest.fixture
def run_started(lab):
    """A run that exists, which ends with the test."""
    run = Upgrade(lab).start()
    yield run
    lab.monitor_sql(f"SELECT pgaf_upgrade_abort({run}, 'the test is over')")


def test_wrong_new_bindir(lab, unchanged):
    """One that holds another major."""
    assert_refused(lab.run("node1", HELPER, "check", "--new-bindir", "/usr/lib/postgresql/15/bin"),
                   "/usr/lib/postgresql/15/bin")


def test_missing_new_bindir(lab, unchanged):
    for host in lab.hosts:
        assert_refused(lab.run(host, HELPER, "check", "--new-bindir", "/nowhere/bin"), "/nowhere/bin")


def test_new_bindir_without_pg_autoctl(lab, unchanged):
    lab.sh("node1", "sh", "-ec", f"mkdir -p /opt/e2e/bin; for p in {NEW_BINDIR}/*; do ln -sf $p /opt/e2e/bin/; done; "
                                 "rm /opt/e2e/bin/pg_upgrade")
    assert_refused(lab.run("node1", HELPER, "check", "--new-bindir", "/opt/e2e/bin"))


def test_target_not_above_old_major(lab, unchanged):
    for target in (15, 14):
        assert str(target) in sql_error(lab, f"SELECT pgaf_upgrade_start({target})")
        assert_refused(lab.run("node1", HELPER, "check", "--target", str(target)), str(target))


def test_target_is_no_number(lab, unchanged):
    assert_refused(lab.run("node1", HELPER, "check", "--target", "seventeen"), "seventeen", code=2)
    assert_refused(lab.run("node1", HELPER, "check", "--method", "swap"), "PostgreSQL 17 cannot swap")


def test_unknown_formation(lab, unchanged):
    assert "nowhere" in sql_error(lab, "SELECT pgaf_upgrade_start(17, 'nowhere')")


def test_run_exists_already(lab, run_started, unchanged):
    assert str(run_started) in sql_error(lab, "SELECT pgaf_upgrade_start(17)")


def test_helper_of_another_version(lab, run_started):
    """An extension of another version is faked in the catalog: there is only one to install."""
    def claim(version):
        lab.monitor_sql(f"UPDATE pg_catalog.pg_extension SET extversion = '{version}' WHERE extname = 'pgaf_upgrade'")

    version = lab.monitor_sql("SELECT extversion FROM pg_extension WHERE extname = 'pgaf_upgrade'")
    before = shape(lab)
    claim("99.0")
    try:
        assert_refused(lab.run("node1", HELPER, "run", timeout=60), "99.0", code=REFUSED)
    finally:
        claim(version)
    assert shape(lab) == before


def test_unrelated_user(lab, unchanged):
    for command in ("run", "check"):
        assert_refused(lab.run("node1", "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
                               HELPER, command, timeout=60))


def test_two_helpers_on_one_node(lab):
    """The first waits for a run, for which it makes its work folder; the second is refused."""
    first = lab.start("node1", HELPER, "run", log=os.path.join(lab.logs, "first"))
    try:
        wait_until(10, "the first helper runs",
                   lambda: lab.run("node1", "pgrep", "-f", f"{HELPER} run").returncode == 0)
        lab.sh("node1", "sleep", "2")
        assert first.poll() is None
        before = shape(lab)
        assert_refused(lab.run("node1", HELPER, "run", timeout=60), code=REFUSED)
        assert_refused(lab.run("node1", HELPER, "run", "--once", timeout=60), code=REFUSED)
        assert shape(lab) == before
        assert first.poll() is None
    finally:
        lab.run("node1", "pkill", "-TERM", "-x", "pgaf-upgrade")
        wait_for(first, 30)


def test_rollback_before_the_switch(lab):
    run = Upgrade(lab).start()
    done = lab.run("node2", HELPER, "rollback", timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"run {run} is aborted: nothing that serves was changed" in done.stdout, done.stdout
    done = lab.run("node2", HELPER, "rollback", timeout=60)
    assert done.returncode == 0 and "nothing to roll back" in done.stdout, done.stdout + done.stderr


def test_unknown_option(lab, unchanged):
    assert_refused(lab.run("node1", HELPER, "run", "--nonsense"), "nonsense", "pgaf-upgrade help run", code=2)
    assert_refused(lab.run("node1", HELPER, "run", "--onec"), 'Did you mean "--once"?', code=2)


def test_unknown_command(lab, unchanged):
    assert_refused(lab.run("node1", HELPER, "rnu"), 'no command "rnu"', 'Did you mean "run"?', code=2)


def test_unknown_setting(lab, unchanged):
    lab.sh("node1", "sh", "-c", "echo 'limit-facto = 2' >/etc/pgaf-upgrade.conf")
    try:
        assert_refused(lab.run("node1", HELPER, "run", "--once"), 'no setting "limit-facto"',
                       'Did you mean "limit-factor"?', code=2)
    finally:
        lab.sh("node1", "rm", "/etc/pgaf-upgrade.conf")


def test_no_monitor(lab):
    lab.sh("monitor", "systemctl", "stop", "pgautofailover")
    try:
        assert_refused(lab.run("node1", HELPER, "run", "--once", timeout=60), "monitor", code=UNREACHABLE)
        assert_refused(lab.run("node1", HELPER, "check", timeout=60), "monitor", code=UNREACHABLE)
    finally:
        lab.sh("monitor", "systemctl", "start", "pgautofailover")
        lab.wait_settled()
    assert lab.server_version("node1") == 15


def test_monitor_without_extension(lab):
    lab.monitor_sql("DROP EXTENSION pgaf_upgrade")
    try:
        assert_refused(lab.run("node1", HELPER, "run", timeout=60), "CREATE EXTENSION", code=REFUSED)
    finally:
        lab.monitor_sql("CREATE EXTENSION pgaf_upgrade")
