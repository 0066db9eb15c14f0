"""The monitor's host is gone while it is needed: nothing is lost, nobody else becomes primary, and who does
not need it goes on."""
import os
import shutil
import time

import pytest

from cluster import new_server_serves
from driver import Upgrade
from faults import die_at
from hosts import HELPER, NEW_BINDIR
from judges import Judges
from terminal import Terminal
from waiting import wait_for, wait_until

pytestmark = pytest.mark.all


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
        lab.power("kill", "monitor")
        upgrade.helpers.pop("monitor").wait()
        if step == "stop":
            # nobody waits for the monitor while writes are refused
            wait_until(60, "the new server serves", lambda: new_server_serves(lab))
        else:
            time.sleep(20)
        lab.power("boot", "monitor")
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
    lab.power("kill", "monitor")
    die_at(lab, "primary", "pg_upgrade", "linking")
    upgrade.start_helper("node1")
    wait_until(60, "the new server serves", lambda: new_server_serves(lab))
    lab.power("boot", "monitor")
    upgrade.start_helper("monitor")
    upgrade.wait_finished()
    assert judges.upgraded() == []


def freeze_service(lab):
    """All of it stands still, and its sockets take connections as before."""
    lab.sh("monitor", "systemctl", "freeze", "pgautofailover")
    return lambda: lab.sh("monitor", "systemctl", "thaw", "pgautofailover")


def lock_run(lab):
    """A session that is left open on the run's row."""
    session = lab.start("monitor", "runuser", "-u", "postgres", "--", f"{NEW_BINDIR}/psql", "-X", "-p", str(lab.port),
                        "-d", "pg_auto_failover", "-c", "BEGIN", "-c", "SELECT FROM pgaf_upgrade.run FOR UPDATE", "-c",
                        "SELECT pg_sleep(3600)", log=os.path.join(lab.logs, "session"))
    wait_until(20, "the row is locked", lambda: lab.monitor_sql(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)' AND pid <> pg_backend_pid()") == "1")

    def end():
        lab.monitor_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)'"
                        "   AND pid <> pg_backend_pid()")
        session.wait()
    return end


@pytest.mark.parametrize("hold", [freeze_service, lock_run])
def test_monitor_that_does_not_answer(make_lab, hold):
    """It is there, and says nothing: the switch goes on as without it."""
    lab = make_lab(f"silent-{hold.__name__.partition('_')[0]}")
    judges, upgrade = begin(lab)
    upgrade.kill_helper("node1")
    upgrade.approve()
    die_at(lab, "primary", "stop", "guarded")
    let_go = hold(lab)
    upgrade.start_helper("node1")
    wait_until(60, "the new server serves", lambda: new_server_serves(lab))
    judges.writer.wait_for_more()
    let_go()
    upgrade.wait_finished()
    assert judges.upgraded() == []


def test_closed_terminal(make_lab):
    """In the switch: the helper goes on, and ends as it would have."""
    lab = make_lab("hangup")
    judges, upgrade = begin(lab)
    upgrade.kill_helper("node1")
    # behind a shell, as in an ssh session: what the laboratory makes the terminal with ends its own child
    terminal = Terminal(lab, "node1", "sh", "-c", f"{HELPER} run; :")
    upgrade.approve()
    wait_until(60, "stop begins", lambda: has_begun(lab, "stop"), pause=0.02)
    terminal.close()
    lab.run("node1", "pkill", "-HUP", "-x", "pgaf-upgrade")
    upgrade.wait_finished()
    lab.sh("node1", "grep", "-q", "the terminal is closed", f"{lab.pgdata}_pgaf_upgrade/pgaf-upgrade.log")
    lab.run("node1", "timeout", "60", "sh", "-c", "while pgrep -x pgaf-upgrade; do sleep 0.1; done")
    assert judges.upgraded() == []


def test_monitor_away_before_a_run(make_lab):
    """A helper that has reached the monitor and waits for the first run waits for the monitor as well."""
    lab = make_lab("away-early")
    lab.monitor_sql("CREATE EXTENSION pgaf_upgrade")
    log = os.path.join(lab.logs, "waits")
    helper = lab.start("node1", HELPER, "run", log=log)
    wait_until(20, "it waits for a run", lambda: "an upgrade to be started" in open(log).read())
    lab.power("kill", "monitor")
    wait_until(20, "it waits for the monitor", lambda: "the monitor, to report" in open(log).read())
    assert helper.poll() is None
    lab.power("boot", "monitor")
    upgrade = Upgrade(lab)
    wait_until(60, "the monitor takes the run", lab.is_settled)
    upgrade.start()
    wait_until(60, "it takes part in the run", lambda: has_begun(lab, "discover"))
    assert helper.poll() is None
    lab.run("node1", "pkill", "-TERM", "-x", "pgaf-upgrade")
    wait_for(helper, 60)


REFUSED = 6
UNIT = """
[Service]
Environment=PGDATA={pgdata}
User=postgres
ExecStart={bindir}/pg_autoctl run
Restart=always
[Install]
WantedBy=multi-user.target
"""


def replace_monitor(lab):
    """A new machine under the old one's name, and on it an empty monitor of the new version."""
    shutil.rmtree(lab.path_of("monitor", "/var/lib/postgresql"))
    shutil.rmtree(lab.path_of("monitor", "/etc/systemd/system"))
    lab.power("boot", "monitor")
    lab.sh("monitor", "install", "-d", "-o", "postgres", "-g", "postgres", "/var/lib/postgresql")
    lab.pg("monitor", f"{NEW_BINDIR}/pg_autoctl create monitor --pgdata {lab.pgdata} --pgport {lab.port} "
           f"--pgctl {NEW_BINDIR}/pg_ctl --hostname monitor --auth trust --ssl-self-signed")
    lab.put("monitor", "/etc/systemd/system/pgautofailover.service", UNIT.format(pgdata=lab.pgdata, bindir=NEW_BINDIR))
    lab.sh("monitor", "systemctl", "enable", "--now", "pgautofailover")
    wait_until(60, "the new monitor serves", lambda: lab.run("node1", *monitor_psql(lab)).returncode == 0)


def monitor_uri(lab):
    return f"postgres://autoctl_node@monitor:{lab.port}/pg_auto_failover?sslmode=require"


def monitor_psql(lab):
    return (f"{NEW_BINDIR}/psql", "-XAtqc", "SELECT 1", monitor_uri(lab))


def without_monitor(lab, host, expected=0):
    done = lab.run(host, HELPER, "run", "--without-monitor", timeout=300)
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr


def enable_monitor(lab, host):
    # by what the monitor has afterwards: pg_autoctl 2.2 may end of the SIGHUP that it sends
    lab.run(host, "runuser", "-u", "postgres", "--", f"{NEW_BINDIR}/pg_autoctl", "enable", "monitor", monitor_uri(lab),
            "--pgdata", lab.pgdata, timeout=120)
    wait_until(30, f"the new monitor has {host}", lambda: host in {node["host"] for node in lab.nodes()})
    registered = reported(lab, host)

    def is_read():
        lab.run(host, "runuser", "-u", "postgres", "--", f"{NEW_BINDIR}/pg_autoctl", "reload", "--pgdata", lab.pgdata)
        time.sleep(5)
        return reported(lab, host) != registered

    wait_until(60, f"{host} reports to the new monitor", is_read)


def reported(lab, host):
    return lab.monitor_sql(f"SELECT reporttime FROM pgautofailover.node WHERE nodehost = '{host}'")


@pytest.mark.check
def test_monitor_lost(make_lab):
    """Its host never comes back: with the helpers' --without-monitor and pg_auto_failover's own `enable monitor`
    the upgrade ends under a new one."""
    lab = make_lab("lost")
    judges, upgrade = begin(lab)
    upgrade.kill_helper("node1")
    assert "the monitor answers" in without_monitor(lab, "node1", REFUSED)
    upgrade.approve()
    die_at(lab, "primary", "stop", "guarded")
    lab.power("kill", "monitor")
    upgrade.kill_helper("node2")
    logs = {host: os.path.join(lab.logs, f"lost-{host}") for host in ("node2", "node1")}
    helpers = {host: lab.start(host, HELPER, "run", "--without-monitor", log=log) for host, log in logs.items()}
    for host, helper in helpers.items():
        assert wait_for(helper, 180) == 0, open(logs[host]).read()
    assert new_server_serves(lab)
    # both serve and replicate while there is no monitor at all
    judges.writer.wait_for_more()
    assert lab.psql("node1", "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1"
    without_monitor(lab, "node1")  # the same command again is harmless
    replace_monitor(lab)
    for host in ("node1", "node2"):
        enable_monitor(lab, host)
    lab.wait_settled()
    assert judges.upgraded() == []


def test_monitor_lost_before_the_switch(make_lab):
    """Nothing was touched: the helper says so, and pg_auto_failover's own way is all that is needed."""
    lab = make_lab("lost-early")
    _, upgrade = begin(lab)
    lab.power("kill", "monitor")
    upgrade.kill_helper("node1")
    said = without_monitor(lab, "node1", REFUSED)
    assert "the switch has not begun: PostgreSQL 15 serves" in said and "pg_autoctl enable monitor" in said, said
