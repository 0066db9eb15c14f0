"""The monitor's host is gone while it is needed: nothing is lost, nobody else becomes primary, and who does
not need it goes on."""
import os
import subprocess
import time

import pytest

from cluster import HELPER, LAB, Upgrade, new_server_serves, wait_until
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


def test_monitor_away_before_a_run(make_lab):
    """A helper that has reached the monitor and waits for the first run waits for the monitor as well."""
    lab = make_lab("away-early")
    lab.monitor_sql("CREATE EXTENSION pgaf_upgrade")
    log = os.path.join(lab.logs, "waits")
    helper = lab.start("node1", HELPER, "run", log=log)
    wait_until(20, "it waits for a run", lambda: "no upgrade has been started" in open(log).read())
    power(lab, "kill", "monitor")
    wait_until(20, "it waits for the monitor", lambda: "the monitor, to report" in open(log).read())
    assert helper.poll() is None
    power(lab, "boot", "monitor")
    upgrade = Upgrade(lab)
    wait_until(60, "the monitor takes the run", lab.is_settled)
    upgrade.start()
    wait_until(60, "it takes part in the run", lambda: has_begun(lab, "discover"))
    assert helper.poll() is None
    lab.run("node1", "pkill", "-TERM", "-x", "pgaf-upgrade")
    helper.wait(60)
