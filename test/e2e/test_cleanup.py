"""`pgaf-upgrade cleanup`: what goes, what never does, and why not yet. One cluster by link for what can stand in the
way, one for each other method."""
import json
import os
import subprocess

import pytest

from cluster import Lab
from driver import Upgrade
from hosts import HELPER, LAB, OLD_BINDIR, TARGET, CommandFailed
from test_upgrade import look_into_tablespace, make_tablespace
from waiting import wait_until

pytestmark = pytest.mark.together
check, every = pytest.mark.check, pytest.mark.all

REFUSED, USAGE, STEP_FAILED = 6, 2, 4

# Names, inodes and content of what pg_upgrade has brought into PGDATA: users' relations and their tablespaces.
NEW_FILES = rf"""cd "$1" && cat PG_VERSION && find -L base pg_tblspc/*/PG_{TARGET}_* -type f \
    -regex '.*/[0-9]+/[1-9][0-9][0-9][0-9][0-9][0-9_a-z.]*' -printf '%p %i ' -exec sha256sum {{}} \; | sort"""


def new_files(lab, host):
    return lab.sh(host, "sh", "-c", NEW_FILES, "sh", lab.pgdata)


def old_dir(lab):
    return f"{lab.pgdata}_pg15"


def upgraded(lab, method="link"):
    """With the new cluster at rest, so that its files can be compared."""
    make_tablespace(lab)
    lab.psql("node1", "ALTER SYSTEM SET autovacuum = off")
    lab.psql("node1", "SELECT pg_reload_conf()")
    lab.psql("node1", "VACUUM FREEZE in_ts1")
    lab.psql("node1", "CREATE TABLE much AS SELECT n, repeat('x', 500) AS t FROM generate_series(1, 40000) n")
    lab.psql("node1", "VACUUM FREEZE much")
    upgrade = Upgrade(lab)
    upgrade.start(method)
    upgrade.carry_through()
    lab.wait_settled()
    for host in lab.data_nodes:
        lab.psql(host, "CHECKPOINT")
    return upgrade


@pytest.fixture(scope="module")
def lab():
    with Lab("cleanup") as lab:
        lab.up()
        lab.run_upgraded = upgraded(lab).run
        lab.before = {host: new_files(lab, host) for host in lab.data_nodes}
        yield lab


def cleanup(lab, host, *options, fault=None):
    environment = ["env", f"PGAF_UPGRADE_FAULT=cleanup:{fault}"] if fault else []
    return lab.run(host, *environment, HELPER, "cleanup", *options)


def now(lab, host, *options, fault=None):
    return cleanup(lab, host, "--older-than", "0", *options, fault=fault)


def dry_run(lab, host, *options):
    done = now(lab, host, "--dry-run", "--json", *options)
    assert done.returncode in (0, REFUSED), done.stdout + done.stderr
    return json.loads(done.stdout)


def exists(lab, host, path):
    return lab.run(host, "test", "-e", path).returncode == 0


def stays(lab, host, done, *words):
    """Refused by these words, and neither the old nor the new cluster is any other."""
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == REFUSED and all(word in said for word in words), said
    assert exists(lab, host, old_dir(lab)) and not exists(lab, host, f"{old_dir(lab)}_removing")
    serves(lab, host)


def serves(lab, host):
    assert lab.psql(host, "SELECT count(*), min(length(t)) FROM much") == "40000|500"
    assert new_files(lab, host) == lab.before[host]


def due(lab, host):
    """True, or why not."""
    node = "monitor" if host == "monitor" else f"node_{host[-1]}"
    return lab.monitor_sql(f"SELECT coalesce(why_not, due::text) FROM pgaf_upgrade_cleanup(0) WHERE node = '{node}'")


@check
def test_not_so_soon(lab):
    done = cleanup(lab, "node1", "--dry-run")
    stays(lab, "node1", done, f"{old_dir(lab)} the old cluster", "the upgrade ended 0 days ago, less than 3 days",
          "not now:", "pgaf-upgrade backup")
    stays(lab, "node1", cleanup(lab, "node1"), "the old cluster of node_1 stays", "less than 3 days")
    assert lab.run("node1", HELPER, "cleanup", "--older-than", "-1").returncode == USAGE
    # backups of the old cluster were recorded before the upgrade
    stays(lab, "node1", now(lab, "node1"), "no verified backup of the new cluster is recorded")
    assert lab.sh("node1", HELPER, "run", "--once").count("nothing is due") == 1
    assert exists(lab, "node1", old_dir(lab))


@check
def test_with_a_backup_of_the_new_cluster(lab):
    """Of a standby, too; and the room that is freed is that of the files which the new cluster does not have."""
    lab.sh("node2", HELPER, "backup")
    lab.sh("monitor", HELPER, "backup")
    assert {host: due(lab, host) for host in lab.hosts} == {host: "true" for host in lab.hosts}
    for host in lab.data_nodes:
        shown = dry_run(lab, host)
        assert shown["may_be_removed"] and shown["reasons"] == [], shown
        tablespace, old = shown["items"]
        assert tablespace["path"].startswith("/srv/ts1/PG_15_") and old["path"] == old_dir(lab)
        assert old["shared_files"] > 0 and tablespace["shared_files"] > 0
        free = int(lab.sh(host, "sh", "-c", f"find {old_dir(lab)} /srv/ts1/PG_15_* -not -type l "
                          r"\( -type d -o -links 1 \) -printf '%b\n' | awk '{n += $1} END {print n * 512}'"))
        assert shown["freed_bytes"] == free and free < old["bytes"] + tablespace["bytes"], shown
        assert any("the unit itself does not name PostgreSQL" in left["why"] for left in shown["left"]), shown
        serves(lab, host)


@check
def test_not_while_a_run_is_open(lab):
    run = lab.monitor_sql("SELECT pgaf_upgrade_start(18)")
    try:
        stays(lab, "node1", now(lab, "node1"), f"run {run} is open")
    finally:
        lab.monitor_sql(f"SELECT pgaf_upgrade_abort({run}, 'a test')")
    assert due(lab, "node1") == "true"


@check
def test_not_while_a_node_is_not_settled(lab):
    lab.pg("node2", f"/usr/lib/postgresql/{TARGET}/bin/pg_autoctl enable maintenance --pgdata {lab.pgdata}")
    try:
        stays(lab, "node1", now(lab, "node1"), "reported state maintenance, assigned state maintenance")
    finally:
        lab.pg("node2", f"/usr/lib/postgresql/{TARGET}/bin/pg_autoctl disable maintenance --pgdata {lab.pgdata}")
        lab.wait_settled()
    wait_until(60, "it is due again", lambda: due(lab, "node1") == "true")


@check
def test_wrong_pgdata(lab):
    for wrong in (old_dir(lab), "/srv/nowhere", f"{lab.pgdata}_pgaf_upgrade"):
        assert now(lab, "node1", "--pgdata", wrong).returncode == USAGE
    lab.sh("node1", "sh", "-c", f"mv {lab.pgdata}_pgaf_upgrade /srv/aside")
    try:
        stays(lab, "node1", now(lab, "node1"), "has no journal of an upgrade")
        # another node's, as on a host that was made by copying
        lab.sh("node1", "install", "-d", "-o", "postgres", "-m", "700", f"{lab.pgdata}_pgaf_upgrade")
        journal = f"{lab.pgdata}_pgaf_upgrade/journal"
        lab.put("node1", journal, lab.sh("node2", "cat", journal), mode="600", owner="postgres:")
        stays(lab, "node1", now(lab, "node1"), "was recorded for node 2")
    finally:
        lab.sh("node1", "sh", "-c", f"rm -rf {lab.pgdata}_pgaf_upgrade; mv /srv/aside {lab.pgdata}_pgaf_upgrade")
    assert dry_run(lab, "node1")["may_be_removed"]


@check
def test_another_cluster_under_its_name(lab):
    """Made by somebody else; and that of another node of the group, whose journal says nothing of this one."""
    lab.pg("node1", f"mv {old_dir(lab)} data_aside && {OLD_BINDIR}/initdb -D {old_dir(lab)} >/dev/null")
    try:
        before = lab.sh("node1", "sh", "-c", f"find {old_dir(lab)} | wc -l")
        stays(lab, "node1", now(lab, "node1"), "is PostgreSQL 15 with system identifier", "the old cluster of run")
        assert lab.sh("node1", "sh", "-c", f"find {old_dir(lab)} | wc -l") == before
    finally:
        lab.pg("node1", f"rm -rf {old_dir(lab)} && mv data_aside {old_dir(lab)}")
    lab.pg("node1", f"mkdir {lab.pgdata}_pg{TARGET}_unused_7 && touch {lab.pgdata}_pg{TARGET}_unused_7/mine")
    shown = dry_run(lab, "node1")
    assert any("no run of this node has recorded it" in left["why"] for left in shown["left"]), shown
    assert not any("unused" in item["path"] for item in shown["items"]), shown


@check
def test_a_link_in_the_way(lab):
    """To the cluster that serves: in the place of the old one, and of a tablespace's part."""
    lab.pg("node1", f"mv {old_dir(lab)} data_aside && ln -s {lab.pgdata} {old_dir(lab)}")
    try:
        stays(lab, "node1", now(lab, "node1"), "is a link to")
    finally:
        lab.pg("node1", f"rm {old_dir(lab)} && mv data_aside {old_dir(lab)}")
    part = "PG_15_202209061"
    lab.sh("node1", "sh", "-ec", f"cd /srv/ts1; mv {part} /srv/ts_aside; ln -s PG_{TARGET}_* {part}")
    try:
        stays(lab, "node1", now(lab, "node1"), f"/srv/ts1/{part}", "is a link to")
    finally:
        lab.sh("node1", "sh", "-ec", f"cd /srv/ts1; rm {part}; mv /srv/ts_aside {part}")
    # what PGDATA leads to does not go either
    lab.pg("node1", f"ln -s {old_dir(lab)}/base {lab.pgdata}/linked")
    try:
        stays(lab, "node1", now(lab, "node1"), "leads to")
    finally:
        lab.pg("node1", f"rm {lab.pgdata}/linked")


@check
def test_in_use(lab):
    """By a process in it, with a file of it, and by what is mounted there or elsewhere."""
    for text in (f"cd {old_dir(lab)}/base && exec sleep 100", f"exec tail -f {old_dir(lab)}/PG_VERSION"):
        # with postgres's group, too: the kernel shows a process to its equals alone
        process = lab.start("node1", "setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", "sh",
                            "-c", text, log=os.path.join(lab.logs, "user"))
        name = text.split("exec ")[1].split()[0]
        try:
            wait_until(20, "it is at work", lambda: lab.run("node1", "pgrep", "-x", name).returncode == 0)
            stays(lab, "node1", now(lab, "node1"), "is open in process", f"({name})")
        finally:
            lab.run("node1", "pkill", "-x", name)
            process.wait()
    for mount, words in ((f"mount -t tmpfs none {old_dir(lab)}/pg_stat", "a file system is mounted at"),
                         (f"mkdir -p /srv/bound; mount --bind {old_dir(lab)} /srv/bound", "is also mounted at")):
        lab.sh("node1", "sh", "-ec", mount)
        try:
            stays(lab, "node1", now(lab, "node1"), words)
        finally:
            lab.sh("node1", "umount", mount.split()[-1])
    assert dry_run(lab, "node1")["may_be_removed"]


@check
def test_twice_at_once(lab):
    lock = lab.start("node1", "flock", f"{lab.pgdata}_pgaf_upgrade/lock", "sleep", "77",
                     log=os.path.join(lab.logs, "lock"))
    try:
        wait_until(20, "it is held", lambda: lab.run("node1", "pgrep", "-f", "^sleep 77").returncode == 0)
        stays(lab, "node1", now(lab, "node1"), "another pgaf-upgrade runs for this node")
    finally:
        lab.run("node1", "pkill", "-f", "^sleep 77")
        lock.wait()


# A line that a journal may have, up to the end of a page: a tmpfs gives room by pages.
PAD = """
import os, sys, zlib
path = sys.argv[1]
left = -os.path.getsize(path) % 4096
text = '{"at":"","note":"pad","about":"%s"}'
about = (left - len(text % "") - 10) % 4096
text %= "x" * about
with open(path, "a") as journal:
    journal.write("%08x %s\\n" % (zlib.crc32(text.encode()), text))
"""


@check
def test_a_full_disk(lab):
    """Where the journal has no room, nothing is begun: the monitor is not told, and a way back stays one."""
    folder = f"{lab.pgdata}_pgaf_upgrade"
    lab.sh("node1", "sh", "-ec", f"""mv {folder} /srv/aside; install -d -o postgres -m 700 {folder}
        mount -t tmpfs -o size=16m,mode=700 none {folder}; cp -a /srv/aside/. {folder}; chown postgres: {folder}""")
    try:
        lab.sh("node1", "python3", "-c", PAD, f"{folder}/journal")
        lab.run("node1", "dd", "if=/dev/zero", f"of={folder}/fill", "bs=4k")
        done = now(lab, "node1")
        assert done.returncode == STEP_FAILED, done.stdout + done.stderr
        assert "No space left on device" in done.stderr and "Nothing was removed" in done.stderr, done.stderr
        assert exists(lab, "node1", old_dir(lab))
        assert lab.monitor_sql("SELECT count(*) FROM pgaf_upgrade.cleanup") == "0"
    finally:
        lab.sh("node1", "sh", "-ec", f"umount {folder}; rmdir {folder}; mv /srv/aside {folder}")
    serves(lab, "node1")


@check
def test_killed_at_every_moment(lab):
    """The same command goes on, and ends as if nothing had been; a link in the old cluster is not followed."""
    lab.pg("node1", f"ln -s {lab.pgdata} {old_dir(lab)}/base/to_the_new_one")
    seen = []
    for moment in ("begun", "noted", "renamed", "middle", "removed", "untold"):
        done = now(lab, "node1", fault=moment)
        assert done.returncode in (-9, 137), f"{moment}: {done.stdout}{done.stderr}"
        seen.append((moment, exists(lab, "node1", old_dir(lab)), exists(lab, "node1", f"{old_dir(lab)}_removing")))
        serves(lab, "node1")
    assert (seen[0][1], seen[-1][1], seen[-1][2]) == (True, False, False), seen
    with pytest.raises(CommandFailed, match="can no longer be rolled back: the old cluster of node_1 was removed"):
        lab.monitor_sql(f"SELECT pgaf_upgrade_rollback({lab.run_upgraded}, 'too late', discard_new_data => true)")
    assert "begun" in lab.monitor_sql("SELECT CASE WHEN removed_at IS NULL THEN 'begun' END FROM "
                                      "pgaf_upgrade_cleanup() WHERE node = 'node_1'")
    done = now(lab, "node1")
    assert done.returncode == 0 and "the monitor has it on record" in done.stdout, done.stdout + done.stderr
    assert lab.sh("node1", "sh", "-c", "ls /srv/ts1").split() == [name for name in lab.sh(
        "node1", "ls", "/srv/ts1").split() if name.startswith(f"PG_{TARGET}_")]
    assert lab.monitor_sql("SELECT removed_by, jsonb_array_length(removed), freed_bytes > 0 FROM pgaf_upgrade_cleanup()"
                           " WHERE node = 'node_1'") == "root|2|t"
    told = lab.monitor_sql(f"SELECT state, by_user FROM pgaf_upgrade_events({lab.run_upgraded})"
                           " WHERE kind = 'cleanup' ORDER BY eventid").split()
    assert told == ["begun|autoctl_node", "done|autoctl_node"]
    assert "nothing is left to remove" in now(lab, "node1").stdout
    # what nobody has recorded is still there
    assert exists(lab, "node1", f"{lab.pgdata}_pg{TARGET}_unused_7/mine")
    serves(lab, "node1")


@check
def test_as_postgres(lab):
    """Without root and sudo: everything but the service's drop-ins."""
    done = lab.run("node2", "setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", HELPER, "cleanup",
                   "--older-than", "0", "--logs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "left: the drop-ins of the service" in done.stdout, done.stdout
    assert not exists(lab, "node2", old_dir(lab)) and exists(lab, "node2", f"{lab.pgdata}_pgaf_upgrade/journal")
    assert "pgaf-upgrade.log" not in lab.sh("node2", "ls", f"{lab.pgdata}_pgaf_upgrade").split()
    assert lab.monitor_sql("SELECT removed_by FROM pgaf_upgrade_cleanup() WHERE node = 'node_2'") == "postgres"
    serves(lab, "node2")


@check
def test_drop_ins(lab):
    """Root removes its own when the unit names the new programs itself, as after its package has gone."""
    drop_in = "/etc/systemd/system/pgautofailover.service.d/zz-pgaf-upgrade.conf"
    assert exists(lab, "node1", drop_in)
    unit = lab.sh("node1", "systemctl", "show", "--value", "-p", "FragmentPath", "pgautofailover").strip()
    lab.sh("node1", "sh", "-ec", f"sed -i 's,/postgresql/15/,/postgresql/{TARGET}/,g' {unit}; systemctl daemon-reload")
    done = now(lab, "node1")
    assert done.returncode == 0 and f"removed {drop_in}" in done.stdout, done.stdout + done.stderr
    assert not exists(lab, "node1", drop_in)
    assert lab.sh("node1", "systemctl", "show", "--value", "-p", "NeedDaemonReload", "pgautofailover").strip() == "no"


@check
def test_on_the_monitor(lab):
    assert "old clusters: 1 to clean up" in lab.run("node1", HELPER, "status").stdout
    done = now(lab, "monitor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not exists(lab, "monitor", old_dir(lab))
    assert "old clusters" not in lab.run("node1", HELPER, "status").stdout
    assert lab.monitor_sql("SELECT count(*) FILTER (WHERE removed_at IS NULL), count(*) FROM pgaf_upgrade_cleanup()"
                           ) == "0|3"


@check
def test_the_cluster_serves_afterwards(lab):
    for host in lab.data_nodes:
        serves(lab, host)
    lab.perform_switchover()
    look_into_tablespace(lab)
    for host in lab.hosts:
        lab.sh(host, "systemctl", "restart", "pgautofailover")
    lab.wait_well("a restart of every service")
    look_into_tablespace(lab)


@every
@pytest.mark.parametrize("method", ["copy", "clone", pytest.param("swap", marks=pytest.mark.target(18))])
def test_by_other_methods(make_lab, method):
    """Inodes and content of the new cluster stay, on every node."""
    if method == "clone" and subprocess.call([LAB, "disks"]):
        pytest.skip("this machine cannot have the laboratory's disks, which have reflinks")
    lab = make_lab(f"cleanup-{method}", options=("--disks",) if method == "clone" else ())
    upgraded(lab, method)
    lab.before = {host: new_files(lab, host) for host in lab.data_nodes}
    for host in ("node1", "monitor"):
        lab.sh(host, HELPER, "backup")
    for host in lab.hosts:
        done = now(lab, host)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not exists(lab, host, old_dir(lab)) and not exists(lab, host, f"{old_dir(lab)}_removing")
    for host in lab.data_nodes:
        serves(lab, host)
    lab.perform_switchover()
    look_into_tablespace(lab)
