"""pg_auto_failover is on guard before the switch and after it: it takes a node in hand while its helper is at work."""
import os
import time

import pytest

from driver import Upgrade
from faults import die_at
from hosts import HELPER, NEW_BINDIR
from judges import Judges
from test_stop import freeze, thaw
from waiting import wait_for, wait_until

pytestmark = pytest.mark.all

REFUSED = 6
PGREP = "pgrep -x pg_autoctl"


def signal_keepers(lab, signal, *hosts):
    for host in hosts:
        lab.sh(host, "sh", "-c", f"kill -{signal} $({PGREP})")


def set_goals(lab, node1, node2):
    """As the monitor would, at a moment that no failover can be timed to."""
    lab.monitor_sql(f"""UPDATE pgautofailover.node SET goalstate =
        CASE nodehost WHEN 'node1' THEN '{node1}' ELSE '{node2}' END::pgautofailover.replication_state""")


def recovering_in_dry_run(lab, upgrade):
    """A server that is started anew under pg_upgrade --check, as after a power cut, lets nobody in for a while."""
    die_at(lab, "monitor", "dry_run", "before")
    program, asked, go = f"{NEW_BINDIR}/pg_upgrade", "/var/lib/postgresql/asked", "/var/lib/postgresql/go"
    lab.put_before("monitor", program, f"touch {asked}; until test -e {go}; do sleep 0.1; done")
    upgrade.start_helper("monitor")
    wait_until(60, "pg_upgrade begins", lambda: lab.run("monitor", "test", "-e", asked).returncode == 0)
    lab.psql("monitor", "CREATE TABLE e2e_replayed AS SELECT repeat('x', 500) AS t FROM generate_series(1, 200000)")
    freeze(lab, "monitor", "startup", ".*startup", after="pkill -KILL -x postgres")
    lab.put("monitor", go, "")
    time.sleep(3)
    assert "monitor" not in upgrade.exit_codes()
    thaw(lab, "monitor", "startup")
    upgrade.wait_state("ready", 180)
    lab.sh("monitor", "mv", f"{program}.real", program)


def replaced_in(step, lab, host):
    """While the helper waits in that step for node1 to apply a setting."""
    log = os.path.join(lab.logs, f"replaced-{host}")
    signal_keepers(lab, "STOP", *lab.data_nodes)
    set_goals(lab, "apply_settings", "secondary")
    helper = lab.start(host, HELPER, "run", log=log)
    wait_until(30, f"{step} begins", lambda: step in open(log).read() or helper.poll() is not None)
    time.sleep(2)
    assert helper.poll() is None, open(log).read()
    set_goals(lab, "demoted", "wait_primary")
    assert wait_for(helper, 20) == REFUSED, open(log).read()
    said = open(log).read()
    assert "has replaced node_1 as the primary: node_1 is primary and shall be demoted" in said, said
    assert "hint: Abort the run" in said, said
    assert lab.monitor_sql("SELECT goalstate FROM pgautofailover.node WHERE nodehost = 'node2'") == "wait_primary"
    set_goals(lab, "primary", "secondary")
    signal_keepers(lab, "CONT", *lab.data_nodes)
    lab.wait_settled()


def rewound_in_verify(lab, upgrade):
    """As pg_rewind begins: the server is gone from one look to the next, and pg_autoctl does not start it yet."""
    program, asked = f"{NEW_BINDIR}/pg_controldata", "/var/lib/postgresql/away"
    lab.put_before("node2", program, f"""
        if [ "$(cat /proc/$PPID/comm)" = pgaf-upgrade ] && rm {asked} 2>/dev/null; then
            kill -STOP $({PGREP})
            {NEW_BINDIR}/pg_ctl stop -m fast -D {lab.pgdata}
        fi >/dev/null""")
    lab.put("node2", asked, "")
    upgrade.start_helper("node2")
    wait_until(60, "verify looks", lambda: lab.run("node2", "test", "-e", asked).returncode != 0)
    wait_until(30, "verify says what it waits for", lambda: upgrade.exit_codes() or any(
        "may be rewinding" in (row["progress"] or "") for row in upgrade.progress() or []))
    assert "node2" not in upgrade.exit_codes(), upgrade.describe(upgrade.status())
    signal_keepers(lab, "CONT", "node2")


def test_replaced(make_lab):
    lab = make_lab("replaced")
    judges = Judges(lab)
    upgrade = Upgrade(lab)
    upgrade.start()
    for host in lab.data_nodes:
        upgrade.start_helper(host)
    recovering_in_dry_run(lab, upgrade)
    for host in lab.data_nodes:
        upgrade.kill_helper(host)
    upgrade.approve()
    replaced_in("relax_sync", lab, "node1")
    upgrade.start_helper("node1")
    upgrade.wait_step("primary", "relax_sync")
    # maintenance of a node that takes writes by now would be a failover
    replaced_in("enter_maintenance", lab, "node2")
    die_at(lab, "secondary", "verify", "before")
    rewound_in_verify(lab, upgrade)
    upgrade.wait_finished()
    lab.wait_well("node2's server was taken down")
    assert judges.upgraded() == []
