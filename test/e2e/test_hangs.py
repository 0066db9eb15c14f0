"""What does not end is given up with its cause named, and the same command goes on when that is gone."""
import pytest

from driver import Upgrade
from faults import die_at
from hosts import HELPER
from judges import Judges

pytestmark = pytest.mark.all

STEP_FAILED = 4
PGREP = "pgrep -x pg_autoctl"


def fails_soon(lab, host, *environment, factor):
    """Runs the helper with limits so short that a wait ends by them; returns what it says."""
    done = lab.run(host, "env", *environment, HELPER, "--limit-factor", str(factor), "run", timeout=150)
    assert done.returncode == STEP_FAILED, done.stdout + done.stderr
    return done.stderr


def keeper_of_node2(lab):
    """One that does not answer keeps its node out of maintenance."""
    lab.sh("node2", "sh", "-c", f"kill -STOP $({PGREP})")
    said = fails_soon(lab, "node2", factor=0.05)
    assert "waited 15 s for this node to enter maintenance" in said, said
    assert "node_2 is secondary and shall be " in said, said
    lab.sh("node2", "sh", "-c", f"kill -CONT $({PGREP})")


def worker_of_monitor(lab):
    """One that keeps a connection keeps pg_upgrade from restoring the database."""
    said = fails_soon(lab, "monitor", "PGAF_UPGRADE_FAULT=pg_upgrade:workers", factor=0.01)
    for part in "pg_upgrade did not finish within", "healthcheck worker", "--limit-factor":
        assert part in said, said


def test_hangs(make_lab):
    lab = make_lab("hangs")
    judges = Judges(lab)
    upgrade = Upgrade(lab)
    upgrade.start(on_failure="stay")
    upgrade.start_helpers()
    upgrade.wait_state("ready", 90)
    for host in lab.hosts:
        upgrade.kill_helper(host)
    upgrade.approve()
    die_at(lab, "primary", "relax_sync", "after")
    upgrade.start_helper("node1")

    keeper_of_node2(lab)
    upgrade.kill_helper("node1")
    upgrade.start_helper("node2")
    die_at(lab, "primary", "stop", "guarded")

    # a checkpointer that does not get on keeps the primary from its shutdown. Not by SIGSTOP: with its SIGTERM
    # systemd sends every process of the unit a SIGCONT
    lab.sh("node1", "sh", "-ec", "mkdir /sys/fs/cgroup/e2e; pgrep -f '^postgres: checkpointer' "
                                 ">/sys/fs/cgroup/e2e/cgroup.procs;"
                                 " echo 1 >/sys/fs/cgroup/e2e/cgroup.freeze")
    said = fails_soon(lab, "node1", factor=0.02)
    assert "pg_ctl did not finish within" in said and "still there: " in said and "postgres: checkpointer" in said, said
    lab.sh("node1", "sh", "-c", "echo 0 >/sys/fs/cgroup/e2e/cgroup.freeze")
    upgrade.start_helper("node1")

    worker_of_monitor(lab)
    upgrade.start_helper("monitor")
    upgrade.wait_finished()
    assert judges.upgraded() == []
