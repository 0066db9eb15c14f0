"""What stands in the way during the switch: a clear error, and the same command goes on when it is mended."""
import os
import time

import pytest

from cluster import HELPER, Upgrade, new_server_serves, wait_until
from faults import die_at
from judges import Judges

STEP_FAILED, REFUSED = 4, 6
LISTEN = "import socket, time; s = socket.create_server(('0.0.0.0', {port})); print('up', flush=True); time.sleep(600)"


def stopped_at(lab, step, moment, method="link"):
    """A run whose primary's helper was killed at a point; the others' helpers run."""
    judges = Judges(lab)
    upgrade = Upgrade(lab)
    upgrade.start(method)
    upgrade.start_helpers()
    upgrade.wait_state("ready", 90)
    upgrade.kill_helper("node1")
    upgrade.approve()
    die_at(lab, "primary", step, moment)
    return judges, upgrade


def go_on(lab, judges, upgrade):
    upgrade.start_helper("node1")
    upgrade.wait_finished()
    assert judges.upgraded() == []


def test_port_taken(make_lab):
    """Only that of IPv4, by which PostgreSQL would start, for nobody who has the address."""
    lab = make_lab("port-taken")
    judges, upgrade = stopped_at(lab, "swap", "after")
    other = lab.start("node1", "python3", "-c", LISTEN.format(port=lab.port), log=os.path.join(lab.logs, "listener"))
    wait_until(10, "the port is taken", lambda: "up" in open(os.path.join(lab.logs, "listener")).read())
    done = lab.run("node1", "timeout", "60", HELPER, "run", timeout=120)
    assert done.returncode == STEP_FAILED, done.stdout + done.stderr
    assert "another process listens to port 5432 of 0.0.0.0" in done.stderr and "ss -ltnp" in done.stderr, done.stderr
    other.kill()
    lab.run("node1", "pkill", "-f", "create_server")
    go_on(lab, judges, upgrade)


def fails(lab, *expected):
    """The primary's helper, which says why; nothing of it stays at work."""
    done = lab.run("node1", HELPER, "run", timeout=200)
    said = done.stdout + done.stderr
    assert done.returncode == STEP_FAILED and any(text in done.stderr for text in expected), said
    assert "hint: " in done.stderr, said


def test_what_pg_upgrade_meets(make_lab):
    """Files of another owner, a file system that is read-only, and the kernel that kills for want of memory."""
    lab = make_lab("meets")
    judges, upgrade = stopped_at(lab, "stop", "after")
    new = f"{lab.pgdata}_pg17"

    lab.sh("node1", "sh", "-ec", f"chown root: $(ls -d {lab.pgdata}/base/5/[0-9]* | tail -n 1)")
    fails(lab, "it says: ", "Permission denied", "Operation not permitted")
    lab.sh("node1", "sh", "-c", f"chown -R postgres: {lab.pgdata}/base/5")

    lab.sh("node1", "sh", "-ec", f"mount --bind {new} {new}; mount -o remount,bind,ro {new}")
    fails(lab, "Read-only file system", "Device or resource busy")
    lab.sh("node1", "umount", new)

    log = os.path.join(lab.logs, "killed")
    helper = lab.start("node1", HELPER, "run", log=log)
    lab.sh("node1", "sh", "-c", "until pkill -KILL -x pg_restore; do sleep 0.01; done", timeout=60)
    assert helper.wait(timeout=60) == STEP_FAILED
    said = open(log).read()
    assert "pg_upgrade exited with 1" in said and "hint: " in said, said
    go_on(lab, judges, upgrade)


def test_disk_full(make_lab):
    lab = make_lab("full")
    lab.psql(lab.primary(), "CREATE TABLE e2e_large AS SELECT n, repeat('x', 500) AS t FROM generate_series(1, 100000) n")
    judges, upgrade = stopped_at(lab, "stop", "after", method="copy")
    base = f"{lab.pgdata}_pg17/base"
    lab.sh("node1", "sh", "-ec", f"""cp -a {base} /tmp/base; mount -t tmpfs -o size=60m,mode=700 none {base}
                                     chown postgres: {base}; cp -a /tmp/base/. {base}""")
    fails(lab, "No space left on device")
    lab.sh("node1", "sh", "-c", f"umount {base} || umount {lab.pgdata}_pg17_unused_1/base")
    go_on(lab, judges, upgrade)


@pytest.mark.parametrize("host", ["monitor", "node2"])
def test_network_of_another_cut(make_lab, host):
    """For 15 s of the switch nobody hears the monitor, or the secondary; the primary waits for neither."""
    lab = make_lab(f"cut-{host}")
    judges, upgrade = stopped_at(lab, "stop", "after")
    interface = lab.sh(host, "sh", "-c", "ls /sys/class/net | grep -v lo").split()[0]
    lab.sh(host, "ip", "link", "set", interface, "down")
    upgrade.start_helper("node1")
    wait_until(60, "the new server serves", lambda: new_server_serves(lab))
    time.sleep(15)
    lab.sh(host, "ip", "link", "set", interface, "up")
    upgrade.wait_finished()
    assert judges.upgraded() == []


def test_network_cut(make_lab):
    """The primary hears nobody from its stop on, for 15 s; it accepts writes as soon as it can."""
    lab = make_lab("net-cut")
    judges, upgrade = stopped_at(lab, "stop", "after")
    interface = lab.sh("node1", "sh", "-c", "ls /sys/class/net | grep -v lo").split()[0]
    lab.sh("node1", "ip", "link", "set", interface, "down")
    upgrade.start_helper("node1")
    wait_until(60, "the new server runs", lambda: lab.run("node1", "cat", f"{lab.pgdata}/PG_VERSION").stdout.strip() == "17"
               and lab.run("node1", "test", "-e", f"{lab.pgdata}/postmaster.pid").returncode == 0)
    time.sleep(15)
    lab.sh("node1", "ip", "link", "set", interface, "up")
    upgrade.wait_finished()
    assert judges.upgraded() == []


def test_journal_of_another_node(make_lab):
    """As on a host that was made by copying another's disk."""
    lab = make_lab("copied")
    upgrade = Upgrade(lab)
    upgrade.start()
    assert lab.run("node1", HELPER, "run", "--once", timeout=120).returncode == 0
    journal = lab.sh("node1", "cat", f"{lab.pgdata}_pgaf_upgrade/journal")
    lab.sh("node2", "mkdir", f"{lab.pgdata}_pgaf_upgrade")
    lab.put("node2", f"{lab.pgdata}_pgaf_upgrade/journal", journal, mode="600", owner="postgres:")
    done = lab.run("node2", HELPER, "run", timeout=60)
    assert done.returncode == REFUSED and "is of node_1" in done.stderr, done.stdout + done.stderr
    # and of one that somebody has edited
    lab.sh("node1", "sed", "-i", "2s/done/dine/; 2s/running/runnin/", f"{lab.pgdata}_pgaf_upgrade/journal")
    lab.sh("node1", "sed", "-i", "3s/discover/discovex/", f"{lab.pgdata}_pgaf_upgrade/journal")
    done = lab.run("node1", HELPER, "run", timeout=60)
    assert done.returncode == REFUSED and "is damaged" in done.stderr, done.stdout + done.stderr


def test_journal_of_an_earlier_run(make_lab):
    """The monitor was made anew and counts from 1 again: what its first run is told is not of the old one."""
    lab = make_lab("old-journal")
    upgrade = Upgrade(lab)
    upgrade.start()
    upgrade.start_helpers()
    upgrade.wait_state("ready", 90)
    upgrade.stop_helpers()
    lab.monitor_sql("DROP EXTENSION pgaf_upgrade; DROP SCHEMA IF EXISTS pgaf_upgrade CASCADE")
    judges = Judges(lab)
    again = Upgrade(lab)
    assert again.start() == upgrade.run
    again.carry_through()
    assert judges.upgraded() == []
