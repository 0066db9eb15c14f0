"""What stands in the way during the switch: a clear error, and the same command goes on when it is mended."""
import base64
import glob
import os
import subprocess
import time

import pytest

from cluster import new_server_serves
from driver import Upgrade
from fault_matrix import HOSTS
from faults import stopped_at
from hosts import HELPER, LAB
from judges import Judges
from waiting import wait_for, wait_until

pytestmark = pytest.mark.all

STEP_FAILED, REFUSED = 4, 6
LISTEN = "import socket, time; s = socket.create_server(('0.0.0.0', {port})); print('up', flush=True); time.sleep(600)"


def go_on(lab, judges, upgrade, host="node1"):
    upgrade.start_helper(host)
    upgrade.wait_finished()
    assert judges.upgraded() == []


@pytest.mark.parametrize("role", ["primary", "monitor"])
def test_port_taken(make_lab, role):
    lab, host = make_lab(f"port-{role}"), HOSTS[role]
    judges, upgrade = stopped_at(lab, "swap", "after", role=role)
    take_port(lab, host)
    go_on(lab, judges, upgrade, host)


def take_port(lab, host):
    """Only that of IPv4, by which PostgreSQL would start, for nobody who has the address."""
    other = lab.start(host, "python3", "-c", LISTEN.format(port=lab.port), log=os.path.join(lab.logs, "listener"))
    wait_until(10, "the port is taken", lambda: "up" in open(os.path.join(lab.logs, "listener")).read())
    done = lab.run(host, HELPER, "run", timeout=60)
    assert done.returncode == STEP_FAILED, done.stdout + done.stderr
    assert "another process listens to port 5432 of 0.0.0.0" in done.stderr and "ss -ltnp" in done.stderr, done.stderr
    other.kill()
    lab.run(host, "pkill", "-f", "create_server")


def fails(lab, *expected):
    """The primary's helper, which says why; nothing of it stays at work."""
    done = lab.run("node1", HELPER, "run", timeout=200)
    said = done.stdout + done.stderr
    assert done.returncode == STEP_FAILED and any(text in done.stderr for text in expected), said
    assert "hint: " in done.stderr, said


def file_of_another(lab):
    lab.sh("node1", "sh", "-ec", f"chown root: $(ls -d {lab.pgdata}/base/5/[0-9]* | tail -n 1)")
    fails(lab, "it says: ", "Permission denied", "Operation not permitted")
    lab.sh("node1", "sh", "-c", f"chown -R postgres: {lab.pgdata}/base/5")


def test_what_pg_upgrade_meets(make_lab):
    """Files of another owner, a file system that is read-only, and the kernel that kills for want of memory."""
    lab = make_lab("meets")
    judges, upgrade = stopped_at(lab, "stop", "after")
    new = f"{lab.pgdata}_pg17"

    file_of_another(lab)
    lab.sh("node1", "sh", "-ec", f"mount --bind {new} {new}; mount -o remount,bind,ro {new}")
    fails(lab, "Read-only file system", "Device or resource busy")
    lab.sh("node1", "umount", new)

    log = os.path.join(lab.logs, "killed")
    helper = lab.start("node1", HELPER, "run", log=log)
    lab.sh("node1", "sh", "-c", "until pkill -KILL -x pg_restore; do sleep 0.01; done", timeout=60)
    assert wait_for(helper, 60) == STEP_FAILED
    said = open(log).read()
    assert "pg_upgrade exited with 1" in said and "hint: " in said, said
    go_on(lab, judges, upgrade)


def test_disk_full(make_lab):
    lab = make_lab("full")
    lab.psql(lab.primary(), "CREATE TABLE e2e_large AS SELECT n, repeat('x', 500) AS t FROM generate_series(1, 100000) "
                            "n")
    judges, upgrade = stopped_at(lab, "stop", "after", method="copy")
    base = f"{lab.pgdata}_pg17/base"
    lab.sh("node1", "sh", "-ec", f"""cp -a {base} /tmp/base; mount -t tmpfs -o size=60m,mode=700 none {base}
                                     chown postgres: {base}; cp -a /tmp/base/. {base}""")
    fails(lab, "No space left on device")
    lab.sh("node1", "sh", "-c", f"umount {base} || umount {lab.pgdata}_pg17_unused_1/base")
    go_on(lab, judges, upgrade)


@pytest.fixture
def lab_with_disks(make_lab):
    if subprocess.call([LAB, "disks"]):
        pytest.skip("this machine cannot have the laboratory's disks")
    return lambda word: make_lab(word, options=("--disks",))


def test_disk_full_by_link(lab_with_disks):
    """The whole disk of the primary's host: neither pg_upgrade nor the helper itself has room."""
    lab = lab_with_disks("full-link")
    judges, upgrade = stopped_at(lab, "stop", "after")
    lab.sh("node1", "sh", "-ec", "fallocate -l $(($(df --output=avail -B1 /root | tail -n 1) - 4000000)) /root/filler; "
                                 "sync")
    fails(lab, "No space left on device")
    lab.sh("node1", "rm", "/root/filler")
    go_on(lab, judges, upgrade)


def test_by_clone(lab_with_disks):
    """On a file system that has reflinks: the old cluster is whole, and takes no room of its own."""
    lab = lab_with_disks("clone")
    judges, upgrade = stopped_at(lab, "stop", "after", method="clone")
    go_on(lab, judges, upgrade)


FAKETIME = "/usr/local/lib/libfaketime.so.1"


def with_clock_that_can_be_set(lab, host):
    """The laboratory's hosts have this machine's clock, which is not to be set: a library between the programs and
    the kernel stands for it. Monotonic time goes on, as it does when a clock is set."""
    with open(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")[0], "rb") as library:
        encoded = base64.b64encode(library.read()).decode()
    lab.sh(host, "sh", "-ec", f"mkdir -p $(dirname {FAKETIME}); base64 -d >{FAKETIME}", input=encoded)
    return [f"LD_PRELOAD={FAKETIME}", "DONT_FAKE_MONOTONIC=1", "FAKETIME_NO_CACHE=1",
            "FAKETIME_TIMESTAMP_FILE=/run/clock"]


@pytest.mark.parametrize("host", ["node1", "monitor"])
def test_clock_set_back(make_lab, host):
    """By an hour, on the primary's host between two steps, or under the monitor that is at work."""
    lab = make_lab(f"clock-{host}")
    variables = with_clock_that_can_be_set(lab, host)
    lab.put(host, "/run/clock", "+0\n")
    if host == "monitor":
        lab.sh(host, "mkdir", "-p", "/etc/systemd/system/pgautofailover.service.d")
        lab.put(host, "/etc/systemd/system/pgautofailover.service.d/clock.conf",
                "[Service]\n" + "".join(f"Environment={variable}\n" for variable in variables))
        lab.sh(host, "sh", "-c", "systemctl daemon-reload; systemctl restart pgautofailover")
        lab.wait_settled()
    judges, upgrade = stopped_at(lab, "stop", "after")
    lab.put(host, "/run/clock", "-1h\n")
    if host == "monitor":
        assert lab.monitor_sql("SELECT max(statechangetime) > now() + interval '50 min'"
                               "  FROM pgautofailover.node") == "t"
        go_on(lab, judges, upgrade)
    else:
        log = os.path.join(lab.logs, "an-hour-ago")
        helper = lab.start(host, "env", *variables, HELPER, "run", log=log)
        upgrade.wait_finished()
        assert wait_for(helper, 60) == 0, open(log).read()
        # the server that the helper has started has that clock too
        assert judges.upgraded() == []


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
    wait_until(60, "the new server runs", lambda: lab.run("node1", "cat",
                                                          f"{lab.pgdata}/PG_VERSION").stdout.strip() == "17"
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
