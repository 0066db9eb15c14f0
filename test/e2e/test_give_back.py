"""A switch that fails before the new server has started: the old cluster serves again by itself, its standbys come
back, and the same run is prepared, approved and finished."""
import os

import pytest

from driver import Upgrade
from faults import HOSTS, stopped_at
from hosts import HELPER, NEW_BINDIR, PSQL
from judges import Judges
from waiting import wait_for, wait_until

STEP_FAILED = 4


def ready(lab, method="link"):
    judges, upgrade = Judges(lab), Upgrade(lab)
    upgrade.start(method)
    upgrade.start_helpers()
    upgrade.wait_state("ready", 90)
    return judges, upgrade


RESTORE = f"{NEW_BINDIR}/pg_restore"
SERVER = f"{NEW_BINDIR}/postgres"
UNIT = "/sys/fs/cgroup/system.slice/pgautofailover.service"


def break_pg_upgrade(lab):
    """It has begun to restore the schema when it meets this."""
    lab.sh("node1", "mv", RESTORE, f"{RESTORE}.whole")
    lab.put("node1", RESTORE, f'#!/bin/sh\n[ "$1" != --version ] && [ "$1" != -V ] || exec {RESTORE}.whole "$1"\n'
                              'echo "there is a defect" >&2\nexit 1\n')
    lab.sh("node1", "chmod", "755", RESTORE)


def mend_pg_upgrade(lab):
    lab.sh("node1", "mv", f"{RESTORE}.whole", RESTORE)


def end_of_helper(upgrade, host="node1"):
    """What it has said."""
    assert wait_for(upgrade.helpers.pop(host), 120) == STEP_FAILED
    with open(upgrade.logs[host]) as log:
        return log.read()


def look_at_old_cluster(lab, said, step="pg_upgrade"):
    assert f"step {step} failed: " in said and "The old cluster serves again. Fix the cause" in said, said
    assert "the old cluster accepts writes again at PostgreSQL 15" in said, said
    lab.wait_settled()
    assert {lab.server_version(host) for host in lab.data_nodes} == {15}
    assert lab.primary() == "node1"


def finish(lab, judges, upgrade):
    mend_pg_upgrade(lab)
    upgrade.start_helper("node1")
    status = upgrade.wait_state("ready", 120)
    assert "the old cluster was given back: pg_upgrade on node_1" in status["waiting_for"], status
    assert lab.monitor_sql("SELECT attempt FROM pgaf_upgrade.run") == "2"
    upgrade.approve()
    upgrade.wait_finished()
    assert judges.upgraded() == []


@pytest.mark.check
def test_pg_upgrade_fails(make_lab):
    lab = make_lab("given-back")
    judges, upgrade = ready(lab)
    break_pg_upgrade(lab)
    upgrade.approve()
    said = end_of_helper(upgrade)
    look_at_old_cluster(lab, said)
    judges.writer.wait_for_more()
    finish(lab, judges, upgrade)


@pytest.mark.all
@pytest.mark.parametrize("method", ["copy"])
def test_other_methods(make_lab, method):
    lab = make_lab(f"given-back-{method}")
    judges, upgrade = ready(lab, method)
    break_pg_upgrade(lab)
    upgrade.approve()
    said = end_of_helper(upgrade)
    look_at_old_cluster(lab, said)
    finish(lab, judges, upgrade)


# {step: (what makes it fail, and what mends that)}, shell texts on the primary; d is PGDATA, g what exists from the
# stop on. What would be found before the gate comes when the switch has begun.
BREAKS = {
    "stop": (f"""mkdir {UNIT}/stuck; echo 1 >{UNIT}/stuck/cgroup.freeze
                 pgrep -o -f '^postgres: .*pg_sleep|^postgres: .* SELECT$' >{UNIT}/stuck/cgroup.procs""",
             "pkill -x psql || true"),
    "pg_upgrade": (f"""mv {RESTORE} {RESTORE}.whole; printf '%s\\n' '#!/bin/sh' \
                 '[ "$1" != --version ] && [ "$1" != -V ] || exec {RESTORE}.whole "$1"' 'exit 1' >{RESTORE}
                 chmod 755 {RESTORE}""", f"mv {RESTORE}.whole {RESTORE}"),
    "carry": ("rm ${d}_pg17/pg_hba.conf; mkdir -p ${d}_pg17/pg_hba.conf/in_the_way", "true"),
    "swap": ("(until [ -e $g ]; do sleep 0.01; done; mkdir -p ${d}_pg15/in_the_way) >/dev/null 2>&1 &",
             "rm -r ${d}_pg15"),
    "start": (f"""(until [ -e ${{d}}_pg15 ]; do sleep 0.002; done; mv {SERVER} {SERVER}.away) >/dev/null 2>&1 &""",
              f"mv {SERVER}.away {SERVER}"),
}


def on_primary(lab, text):
    d = lab.pgdata
    lab.sh("node1", "sh", "-ec", f"d={d} g={d}_pgaf_upgrade/between_clusters; {text}")


def hold_a_session(lab):
    """One that the stop has to end."""
    lab.start("node1", "runuser", "-u", "postgres", "--", PSQL, "-XAtc", "SELECT pg_sleep(3600)", "-p", str(lab.port),
              log=os.path.join(lab.logs, "session"))
    wait_until(30, "there is a session", lambda: lab.psql(
        "node1", "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(3600)'") == "1")


@pytest.mark.all
@pytest.mark.limit(1800)
@pytest.mark.parametrize("method", ["link", "copy"])
def test_each_step_of_the_switch(make_lab, method):
    """One after the other in one run, which is finished at last."""
    lab = make_lab(f"given-back-each-{method}")
    lab.put("node1", "/etc/pgaf-upgrade.conf", "refused-limit = 5\n")
    judges, upgrade = ready(lab, method)
    for attempt, (step, (breaking, mending)) in enumerate(BREAKS.items(), 1):
        if step == "stop":
            hold_a_session(lab)
        on_primary(lab, breaking)
        since = judges.writer.acknowledged()[-1][1]
        upgrade.approve()
        said = end_of_helper(upgrade)
        look_at_old_cluster(lab, said, step)
        judges.writer.wait_for_more()
        print(f"    {step} by {method}: {judges.writer.gaps(since=since)[0]:.1f} s without a write", flush=True)
        on_primary(lab, mending)
        lab.put("node1", "/etc/pgaf-upgrade.conf", "")
        upgrade.start_helper("node1")
        status = upgrade.wait_state("ready", 120)
        assert f"the old cluster was given back: {step} on node_1" in status["waiting_for"], status
        assert lab.monitor_sql("SELECT attempt FROM pgaf_upgrade.run") == str(attempt + 1)
    upgrade.approve()
    upgrade.wait_finished()
    assert judges.upgraded() == []


@pytest.mark.all
def test_while_the_monitor_is_away(make_lab):
    """Writes are accepted again at once; the standbys follow when the monitor is back."""
    lab = make_lab("given-back-alone")
    judges, upgrade = stopped_at(lab, "stop", "after", on_failure="give_back")
    lab.sh("monitor", "systemctl", "stop", "pgautofailover")
    break_pg_upgrade(lab)
    upgrade.start_helper("node1")
    judges.writer.wait_for_more()  # accepted without a monitor
    assert upgrade.helpers["node1"].poll() is None, "it waits for the monitor"
    lab.sh("monitor", "systemctl", "start", "pgautofailover")
    look_at_old_cluster(lab, end_of_helper(upgrade))
    finish(lab, judges, upgrade)


@pytest.mark.all
def test_helper_killed_while_it_gives_back(make_lab):
    """The next one goes back, and not forward, whatever it finds."""
    lab = make_lab("given-back-killed")
    judges, upgrade = stopped_at(lab, "stop", "after", on_failure="give_back")
    break_pg_upgrade(lab)
    upgrade.start_helper("node1", fault="rollback:pg_upgrade")
    wait_for(upgrade.helpers.pop("node1"), 120)
    assert lab.run("node1", "pgrep", "-x", "postgres").returncode, "nothing serves yet"
    mend_pg_upgrade(lab)
    upgrade.start_helper("node1")
    wait_until(60, "the run is prepared again", lambda: lab.monitor_sql("SELECT attempt FROM pgaf_upgrade.run") == "2")
    judges.writer.wait_for_more()
    upgrade.wait_state("ready", 120)
    upgrade.approve()
    upgrade.wait_finished()
    assert judges.upgraded() == []


@pytest.mark.all
def test_operator_ends_the_run_instead(make_lab):
    """While it is given back, or after that."""
    lab = make_lab("given-back-ended")
    judges, upgrade = ready(lab)
    break_pg_upgrade(lab)
    upgrade.approve()
    look_at_old_cluster(lab, end_of_helper(upgrade))
    assert lab.monitor_sql(f"SELECT pgaf_upgrade_abort({upgrade.run}, 'not today')") == "aborted"
    upgrade.stop_helpers()
    assert judges.as_before() == []


@pytest.mark.all
def test_stay(make_lab):
    """Where the operator wants to look first, nothing is done."""
    lab = make_lab("given-back-not")
    judges, upgrade = stopped_at(lab, "stop", "after", on_failure="stay")
    break_pg_upgrade(lab)
    done = lab.run(HOSTS["primary"], HELPER, "run", timeout=200)
    assert done.returncode == STEP_FAILED and "serves again" not in done.stderr, done.stderr
    assert lab.run("node1", "pgrep", "-x", "postgres").returncode
    mend_pg_upgrade(lab)
    upgrade.start_helper("node1")
    upgrade.wait_finished()
    assert judges.upgraded() == []
