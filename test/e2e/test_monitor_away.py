"""The monitor's host is gone while it is needed: nothing is lost, nobody else becomes primary, and who does
not need it goes on."""
import subprocess
import time

import pytest

from cluster import LAB, Upgrade, new_server_serves, wait_until
from faults import die_at
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
            wait_until(60, "the new server serves", lambda: new_server_serves(lab))
        else:
            time.sleep(20)
        power(lab, "boot", "monitor")
        upgrade.start_helper("monitor")
        upgrade.wait_finished()
    finally:
        upgrade.stop_helpers()
    assert judges.upgraded() == []


def test_monitor_away_and_primary_killed(make_lab):
    """The primary's helper dies in the middle of the switch while the monitor is off, and is run again."""
    lab = make_lab("away-both")
    judges, upgrade = begin(lab)
    upgrade.kill_helper("node1")
    upgrade.approve()
    die_at(lab, "primary", "stop", "guarded")
    power(lab, "kill", "monitor")
    die_at(lab, "primary", "pg_upgrade", "linking")
    upgrade.start_helper("node1")
    wait_until(60, "the new server serves", lambda: new_server_serves(lab))
    power(lab, "boot", "monitor")
    upgrade.start_helper("monitor")
    upgrade.wait_finished()
    assert judges.upgraded() == []
