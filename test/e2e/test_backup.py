"""`pgaf-upgrade backup`: taken, proved, recorded; or nothing is left of it. And the check that wants one."""
import os

import pytest

from cluster import Lab
from hosts import HELPER, OLD_BINDIR, PSQL
from waiting import wait_for, wait_until

pytestmark = [pytest.mark.check, pytest.mark.together]

CHECK_FAILED, STEP_FAILED, REFUSED, USAGE = 3, 4, 6, 2
TABLESPACE = "/srv/e2e = odd"
PRIVATE = "-c listen_addresses= -c port=6543 -c unix_socket_directories=/tmp -c archive_mode=off"


@pytest.fixture(scope="module")
def lab():
    with Lab("backup") as lab:
        lab.up()
        for host in lab.data_nodes:
            lab.sh(host, "install", "-d", "-o", "postgres", "-m", "700", TABLESPACE)
        lab.psql("node1", f"CREATE TABLESPACE odd LOCATION '{TABLESPACE}'")
        lab.psql("node1", "CREATE TABLE kept TABLESPACE odd AS SELECT n FROM generate_series(1, 100000) n;"
                          " CREATE TABLE much AS SELECT repeat('x', 1000) FROM generate_series(1, 50000)")
        wait_until(30, "the standby has it", lambda: lab.psql("node2", "SELECT count(*) FROM pg_tables WHERE tablename "
                                                                       "= 'much'") == "1")
        yield lab


def backup(lab, host, *options, fault=None):
    environment = ["env", f"PGAF_UPGRADE_FAULT=backup:{fault}"] if fault else []
    return lab.run(host, *environment, HELPER, "backup", *options)


def folder(lab):
    return f"{lab.pgdata}_backups"


def names(lab, host, where=None):
    return lab.run(host, "ls", "-1", where or folder(lab)).stdout.split()


def recorded(lab):
    return lab.monitor_sql("SELECT string_agg(label, ' ') FROM pgaf_upgrade_backups()").split()


def refused(done, code, *words):
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == code and all(word in said for word in words), said


def check(lab, host, *options):
    return lab.run(host, HELPER, "check", "--only", "backup", *options)


def test_without_the_extension(lab):
    before = names(lab, "node1", os.path.dirname(lab.pgdata))
    refused(backup(lab, "node1"), REFUSED, "CREATE EXTENSION pgaf_upgrade")
    assert names(lab, "node1", os.path.dirname(lab.pgdata)) == before
    refused(check(lab, "node1"), CHECK_FAILED, "has no extension pgaf_upgrade")
    lab.monitor_sql("CREATE EXTENSION pgaf_upgrade")


def test_the_check(lab):
    """Nothing recorded, too old, never verified; and whichever of the group's is neither."""
    refused(check(lab, "node1"), CHECK_FAILED, "error", 'no backup of group 0 of formation "default"')
    lab.monitor_sql("SELECT pgaf_upgrade_record_backup('old', 'Barman', now() - interval '9 days', 'default', "
                    "verified_at => now())")
    refused(check(lab, "node1"), CHECK_FAILED, '"old" by Barman', "older than 7 days")
    assert check(lab, "node1", "--backup-max-age", "10").returncode == 0
    lab.monitor_sql("SELECT pgaf_upgrade_record_backup('new', 'Barman', now() - interval '1 day', node => '2')")
    refused(check(lab, "node1"), CHECK_FAILED, '"new" by Barman', "never verified")
    lab.monitor_sql("SELECT pgaf_upgrade_record_backup('new', 'Barman', taken_at, node => '2', verified_at => now())"
                    " FROM pgaf_upgrade_backups() WHERE label = 'new'")
    assert check(lab, "node1").returncode == 0
    refused(check(lab, "monitor"), CHECK_FAILED, "no backup of the monitor")
    assert check(lab, "node2").returncode == 0, "a secondary leaves it to its primary"


@pytest.mark.parametrize("host", ["monitor", "node1", "node2"])
def test_taken_proved_and_recorded(lab, host):
    done = backup(lab, host)
    assert done.returncode == 0, done.stdout + done.stderr
    label = [name for name in names(lab, host) if not name.endswith("_tablespaces")][0]
    lab.pg(host, f"{OLD_BINDIR}/pg_verifybackup {folder(lab)}/{label}")
    row = lab.monitor_sql("SELECT coalesce(formation, '-'), nodeid, tool, verified_at > taken_at, location"
                          f" FROM pgaf_upgrade_backups() WHERE label = '{label}'")
    formation, node = ("-", "0") if host == "monitor" else ("default", host[-1])
    assert row == f"{formation}|{node}|pg_basebackup|t|{host}:{folder(lab)}/{label}"
    assert check(lab, host).returncode == 0


def test_it_can_be_started(lab):
    """With what lies in a tablespace, and while the cluster itself serves."""
    label = [name for name in names(lab, "node1") if not name.endswith("_tablespaces")][0]
    data = f"{folder(lab)}/{label}"
    lab.pg("node1", f"{OLD_BINDIR}/pg_ctl start -w -D {data} -l /tmp/e2e-restored.log -o '{PRIVATE}'")
    try:
        assert lab.pg("node1", "psql=/usr/lib/postgresql/17/bin/psql; $psql -h /tmp -p 6543 -d postgres -XAtc"
                               " 'SELECT count(*) FROM kept'").strip() == "100000"
        assert f"{data}_tablespaces" in lab.pg("node1", f"{PSQL} -h /tmp -p 6543 -d postgres -XAt -f -", input="""
            SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'odd'""")
    finally:
        lab.pg("node1", f"{OLD_BINDIR}/pg_ctl stop -w -m immediate -D {data}")


def test_none_is_overwritten(lab):
    before, was = recorded(lab), names(lab, "node2")
    assert backup(lab, "node2").returncode == 0
    assert set(was) < set(names(lab, "node2")) and len(recorded(lab)) == len(before) + 1


@pytest.mark.parametrize("moment", ["middle", "taken", "renamed"])
def test_killed(lab, moment):
    """What was not whole is removed by the next, which is not hindered by it; what was whole stays."""
    lab.sh("node1", "mkdir", "-p", "/srv/backups")
    lab.sh("node1", "chown", "postgres", "/srv/backups")
    before, records = names(lab, "node1", "/srv/backups"), recorded(lab)
    assert backup(lab, "node1", "--to", "/srv/backups", fault=moment).returncode in (-9, 137)
    left = set(names(lab, "node1", "/srv/backups")) - set(before)
    assert any(name.endswith(".unfinished") for name in left) == (moment != "renamed"), left
    assert recorded(lab) == records
    done = backup(lab, "node1", "--to", "/srv/backups")
    assert done.returncode == 0, done.stdout + done.stderr
    after = set(names(lab, "node1", "/srv/backups"))
    assert not any(name.endswith(".unfinished") for name in after), after
    # perhaps under the name of the one that was removed, when it is still the same second
    assert moment == "renamed" or len(after - set(before)) == len(left), (left, after)
    assert len(recorded(lab)) == len(records) + 1
    assert lab.run("node1", "pgrep", "-x", "pg_basebackup").returncode == 1


def test_stopped_by_the_operator(lab):
    log = os.path.join(lab.logs, "stopped")
    lab.sh("node1", "sh", "-ec", f"sed -i 's/^maximum_backup_rate.*/maximum_backup_rate = 1M/' $(ls "
                                 f"~postgres/.config/pg_autoctl{lab.pgdata}/pg_autoctl.cfg)")
    before = names(lab, "node1")
    helper = lab.start("node1", HELPER, "backup", log=log)
    wait_until(20, "it is at work", lambda: lab.psql("node1",
                                                     "SELECT count(*) FROM pg_stat_progress_basebackup") == "1")
    lab.run("node1", "pkill", "-TERM", "-x", "pgaf-upgrade")
    assert wait_for(helper, 30) == STEP_FAILED and "stopped by the operator" in open(log).read()
    lab.sh("node1", "sh", "-ec", f"sed -i 's/^maximum_backup_rate.*/maximum_backup_rate = 100M/' $(ls "
                                 f"~postgres/.config/pg_autoctl{lab.pgdata}/pg_autoctl.cfg)")
    assert names(lab, "node1") == before
    assert lab.run("node1", "pgrep", "-x", "pg_basebackup").returncode == 1


def test_what_is_not_whole_is_no_backup(lab):
    """A file that changes on the disk before it is proved."""
    records, before = recorded(lab), names(lab, "node1")
    spoiler = lab.start("node1", "sh", "-c", f"""cd {folder(lab)}
        for try in $(seq 3000); do
            ls -d *.unfinished/backup_manifest* >/dev/null 2>&1 && {{ echo x >>$(echo *.unfinished/PG_VERSION); exit; }}
            sleep 0.01
        done""", log=os.path.join(lab.logs, "spoiler"))
    refused(backup(lab, "node1"), STEP_FAILED, "pg_verifybackup", "PG_VERSION")
    spoiler.wait()
    assert recorded(lab) == records and names(lab, "node1") == before


def test_no_room(lab):
    lab.sh("node1", "sh", "-ec", "mkdir -p /srv/small; mount -t tmpfs -o size=20m tmpfs /srv/small")
    try:
        refused(backup(lab, "node1", "--to", "/srv/small"), REFUSED, "/srv/small", "has room for", "--to")
        assert names(lab, "node1", "/srv/small") == []
    finally:
        lab.sh("node1", "umount", "/srv/small")


def test_wrong_places(lab):
    refused(backup(lab, "node1", "--to", f"{lab.pgdata}/here"), USAGE, "inside the data directory")
    refused(backup(lab, "node1", "--to", "/nowhere/at/all"), USAGE, "does not exist")
    refused(backup(lab, "node1", "--to", "/etc/hostname"), USAGE, "is not a directory")


def test_the_server_is_down(lab):
    lab.sh("node2", "systemctl", "stop", "pgautofailover")
    try:
        refused(backup(lab, "node2"), STEP_FAILED, "no server runs")
    finally:
        lab.sh("node2", "systemctl", "start", "pgautofailover")
