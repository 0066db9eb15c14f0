"""The monitor's host is gone while it is needed: nothing is lost, nobody else becomes primary, and who does
not need it goes on."""
import os
import subprocess
import time

import pytest

from cluster import LAB, Upgrade, wait_until
from faults import Host, Case, HOSTS
from judges import Judges


def power(lab, command, host):
    subprocess.run([LAB, command, "--name", lab.name, host], stdin=subprocess.DEVNULL, check=True,
                   stdout=subprocess.DEVNULL)


def begin(lab):
    judges = Judges(lab)
    upgrade = Upgrade(lab)
    upgrade.start()
    upgrade.start_helpers()
    upgrade.wait_state("ready", 90)
    return judges, upgrade


def has_begun(lab, step):
    """By the journal of the primary's helper, as the monitor may be off."""
    return f'"step":"{step}"' in lab.run("node1", "cat", f"{lab.pgdata}_pgaf_upgrade/journal").stdout


@pytest.mark.parametrize("step", ["relax_sync", "stop", "identity"])
def test_monitor_away(make_lab, step):
    lab = make_lab(f"away-{step.replace('_', '-')}")
    judges, upgrade = begin(lab)
    try:
        upgrade.approve()
        wait_until(60, f"{step} begins", lambda: has_begun(lab, step), pause=0.02)
        power(lab, "kill", "monitor")
        upgrade.helpers.pop("monitor").wait()
        if step == "stop":
            # nobody waits for the monitor while writes are refused
            wait_until(60, "the new server serves", lambda: lab.run(
                "client", "/usr/lib/postgresql/17/bin/psql", "-XAtd", lab.conninfo(), "-c", "SHOW server_version"
            ).stdout.startswith("17"))
        else:
            time.sleep(20)
        power(lab, "boot", "monitor")
        upgrade.helpers["monitor"] = lab.start("monitor", "pgaf-upgrade", "run", log=os.path.join(lab.logs, "monitor-again"))
        upgrade.wait_state("finished", 200)
        upgrade.wait_helpers()
    finally:
        upgrade.stop_helpers()
    assert judges.upgraded() == []


def test_monitor_away_and_primary_killed(make_lab):
    """The primary's helper dies in the middle of the switch while the monitor is off, and is run again."""
    lab = make_lab("away-both")
    judges, upgrade = begin(lab)
    upgrade.kill_helper("node1")
    upgrade.approve()
    dying = Host(lab, HOSTS["primary"], [])
    assert not dying._run_helper(Case("", "kill", "primary", "stop", "guarded")), "the point was not reached"
    power(lab, "kill", "monitor")
    assert not dying._run_helper(Case("", "kill", "primary", "pg_upgrade", "linking")), "the point was not reached"
    upgrade.helpers["node1"] = lab.start("node1", "pgaf-upgrade", "run", log=os.path.join(lab.logs, "primary-again"))
    wait_until(60, "the new server serves", lambda: lab.run(
        "client", "/usr/lib/postgresql/17/bin/psql", "-XAtd", lab.conninfo(), "-c", "SHOW server_version").stdout.startswith("17"))
    power(lab, "boot", "monitor")
    upgrade.helpers["monitor"] = lab.start("monitor", "pgaf-upgrade", "run", log=os.path.join(lab.logs, "monitor-again"))
    try:
        upgrade.wait_state("finished", 200)
        upgrade.wait_helpers()
    finally:
        upgrade.stop_helpers()
    assert judges.upgraded() == []
