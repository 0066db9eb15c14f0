"""Servers that do not come to their end by themselves: each is stopped cleanly, and the upgrade goes on."""
import os
import time

import pytest

from driver import Upgrade
from faults import die_at
from hosts import OLD_BINDIR, PSQL
from judges import Judges
from waiting import wait_for, wait_until

pytestmark = pytest.mark.all

UNIT = "/sys/fs/cgroup/system.slice/pgautofailover.service"


def freeze(lab, host, name, title, after="true"):
    """A process of the server, as soon as there is one of that title, does not get its turn any more, as on a machine
    with too much to do. In the unit's control group still, so that systemd's signals reach it."""
    lab.sh(host, "sh", "-ec", f"""
        mkdir {UNIT}/{name}; echo 1 >{UNIT}/{name}/cgroup.freeze
        {after}
        until pid=$(pgrep -o -f '^postgres: {title}'); do sleep 0.002; done
        echo $pid >{UNIT}/{name}/cgroup.procs""", timeout=60)


def thaw(lab, host, name):
    lab.sh(host, "sh", "-c", f"echo 0 >{UNIT}/{name}/cgroup.freeze")


def pid_of(lab, host, title):
    return lab.run(host, "pgrep", "-o", "-f", f"^postgres: {title}").stdout.strip()


def let_recovery_begin(lab, host, name):
    """The frozen startup process comes so far that pg_control tells of it."""
    lab.sh(host, "sh", "-ec", f"""
        until LC_ALL=C {OLD_BINDIR}/pg_controldata -D {lab.pgdata} |
            grep '^Database cluster state: *in crash recovery'; do
            echo 0 >{UNIT}/{name}/cgroup.freeze; sleep 0.01; echo 1 >{UNIT}/{name}/cgroup.freeze
        done""", timeout=60)


def stop_begins(lab, upgrade, host, fault=None):
    """fault: where the helper dies afterwards."""
    upgrade.start_helper(host, fault)
    wait_until(120, f"systemd stops the unit on {host}", lambda: lab.run(
        host, "systemctl", "is-active", "pgautofailover").stdout.strip() != "active", pause=0.1)


def shutdowns_told(lab, host):
    return int(lab.sh(host, "sh", "-c", f"cat {lab.pgdata}/log/* | grep -c 'received .* shutdown request'; true"))


def stop_ends(upgrade, host, role, fault):
    if fault:
        wait_for(upgrade.helpers.pop(host), 90)
    else:
        upgrade.wait_step(role, "stop")


def primary_that_recovers(lab, upgrade, fault=None):
    """It has crashed, and is told to end before it has recovered."""
    lab.psql("node1", "CREATE TABLE e2e_replayed AS SELECT repeat('x', 500) AS t FROM generate_series(1, 200000)")
    freeze(lab, "node1", "startup", "startup", after="pkill -KILL -x postgres")
    let_recovery_begin(lab, "node1", "startup")
    told = shutdowns_told(lab, "node1")
    stop_begins(lab, upgrade, "node1", fault)
    wait_until(60, "the server is told to end", lambda: shutdowns_told(lab, "node1") > told)
    thaw(lab, "node1", "startup")
    stop_ends(upgrade, "node1", "primary", fault)


def standby_that_is_slow(lab, upgrade, fault=None):
    """A fast shutdown is late, and a client and the startup process are slow to end: the server is told to end, has
    lost neither yet, and starts its background writer again should that have been ended."""
    lab.put_before("node2", f"{OLD_BINDIR}/pg_ctl", "case $* in *stop*) sleep 8;; esac")
    lab.start("node2", "runuser", "-u", "postgres", "--", PSQL, "-XAt", "-p", str(lab.port), "-c",
              "SELECT pg_sleep(600)",
              "postgres", log=os.path.join(lab.logs, "client"))
    freeze(lab, "node2", "client", ".*SELECT")
    freeze(lab, "node2", "startup", "startup")
    writer = pid_of(lab, "node2", "background writer")
    stop_begins(lab, upgrade, "node2", fault)
    deadline = time.monotonic() + 4
    while pid_of(lab, "node2", "background writer") == writer and time.monotonic() < deadline:
        time.sleep(0.1)
    thaw(lab, "node2", "startup")
    time.sleep(1)
    thaw(lab, "node2", "client")
    stop_ends(upgrade, "node2", "secondary", fault)


def test_stop(make_lab):
    lab = make_lab("stop")
    judges = Judges(lab)
    upgrade = Upgrade(lab)
    upgrade.start()
    upgrade.start_helpers()
    upgrade.wait_state("ready", 180)
    upgrade.kill_helper("node1")
    upgrade.approve()
    die_at(lab, "primary", "stop", "before")
    upgrade.kill_helper("node2")

    primary_that_recovers(lab, upgrade)
    standby_that_is_slow(lab, upgrade)
    upgrade.wait_finished()
    assert judges.upgraded() == []
