"""The old cluster given back, to the byte, from every point before the new server is first started."""
import re
import subprocess

import pytest

from driver import Upgrade
from fault_matrix import HOSTS
from faults import die_at
from hosts import HELPER, LAB, CommandFailed
from judges import Judges
from test_layouts import UNIT_OF_ONE_PROGRAM, lay_out_with_one_program, running_program
from waiting import wait_for, wait_until

pytestmark = pytest.mark.all

REFUSED = 6

# What a rollback must give back: the files that people and pg_autoctl rely on, and the names beside PGDATA.
DIGEST = r"""
set -e
cd "$1"
sha256sum postgresql.conf pg_hba.conf pg_ident.conf server.crt server.key PG_VERSION conf.d/app.conf
stat -c '%n %U %G %a' . global/pg_control postgresql.conf pg_hba.conf
# pg_autoctl writes where it has found the server's socket at its start, or nothing where none ran then
grep -v '^host = ' ~postgres/.config/pg_autoctl"$1"/pg_autoctl.cfg
sha256sum "/etc/systemd/system/$2"
ls -d /etc/systemd/system/pgautofailover.service.d 2>/dev/null || true
ls "$1" | grep -v -e '^standby.signal$' -e '^postmaster' -e '^current_logfiles$'
systemctl is-enabled "$3"; systemctl is-active "$3"
/usr/lib/postgresql/15/bin/pg_controldata -D . | grep -e 'system identifier' -e 'TimeLineID:' -e 'catalog version'
"""


def digest(lab, unit):
    template = "@.".join(unit.split("@")[:1] + ["service"]) if "@" in unit else unit
    return {host: lab.sh(host, "sh", "-c", DIGEST, "sh", lab.pgdata, template, unit).splitlines()
            for host in lab.data_nodes}


def keeper_state(lab, host):
    """Control version, catalog version, system identifier and node of pg_autoctl.state."""
    return lab.sh(host, "sh", "-c", f"od -A n -t x1 -j 8 -N 20 "
                                    f"~postgres/.local/share/pg_autoctl{lab.pgdata}/pg_autoctl.state")


class Interrupted:
    """A cluster, watched, whose upgrade has been stopped on the primary at a point, by kill -9."""

    def __init__(self, lab, point, role="primary", method="link", unit="pgautofailover.service", **options):
        self.lab, self.unit = lab, unit
        self.judges = Judges(lab)
        self.before = digest(lab, unit), {host: keeper_state(lab, host) for host in lab.data_nodes}
        self.upgrade = Upgrade(lab)
        self.upgrade.start(method, **options)
        self.upgrade.start_helpers()
        self.upgrade.wait_state("ready", 90)
        # this one is run anew, with the point at which it dies
        self.upgrade.kill_helper(HOSTS[role])
        self.written = self.judges.writer.count()
        self.upgrade.approve()
        die_at(lab, role, *point.split(":"))

    def roll_back_from(self, host, *options):
        """With the helpers that still run elsewhere, as on the terminals of who has started them."""
        done = self.lab.run(host, HELPER, "rollback", "--reason", "a test", *options, timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
        wait_until(60, "the run is aborted", lambda: (self.upgrade.status() or {}).get("state") == "aborted")

    def give_up_from(self, host):
        """A node may ask for it, and the operator decides."""
        refused = self.lab.run(host, HELPER, "rollback", "--discard-new-data", timeout=60)
        assert refused.returncode == REFUSED, refused.stdout + refused.stderr
        assert "only the operator may give up" in refused.stderr, refused.stdout + refused.stderr
        asked = self.lab.monitor_sql("SELECT by_user, state FROM pgaf_upgrade_events() WHERE kind = 'discard'")
        assert asked == "autoctl_node|asked for"
        self.lab.monitor_sql(f"SELECT pgaf_upgrade_rollback({self.upgrade.run}, 'a test', discard_new_data => true)")
        self.roll_back_from(host)

    def assert_as_before(self, written_until=None):
        self.upgrade.stop_helpers()
        assert self.judges.as_before(written_until) == []

    def assert_same_bytes(self):
        files, states = self.before
        for host, lines in digest(self.lab, self.unit).items():
            assert lines == files[host]
            assert keeper_state(self.lab, host) == states[host]


@pytest.mark.parametrize("point", ["stop:middle", "pg_upgrade:middle", "pg_upgrade:linking", "swap:middle",
                                   "start:before"])
def test_rollback(make_lab, point):
    interrupted = Interrupted(make_lab("back-" + point.replace(":", "-").replace("_", "-")), point)
    if point == "start:before":
        # the monitor knows that start has begun, and only this node's files show that it was not carried out
        with pytest.raises(CommandFailed, match="pgaf-upgrade rollback on node_1 finds that out"):
            interrupted.lab.monitor_sql(f"SELECT pgaf_upgrade_rollback({interrupted.upgrade.run}, 'from elsewhere')")
    interrupted.roll_back_from("node1")
    interrupted.lab.wait_settled()
    interrupted.assert_same_bytes()
    interrupted.assert_as_before()


def test_refused_by_link(make_lab):
    """The old cluster shares its files with one that has been started: it is not started any more."""
    interrupted = Interrupted(make_lab("back-late"), "start:started")
    for options in ((), ("--discard-new-data",)):
        done = interrupted.lab.run("node1", HELPER, "rollback", *options, timeout=60)
        assert done.returncode == REFUSED and "has been started on node_1" in done.stderr, done.stdout + done.stderr
    interrupted.upgrade.start_helper("node1")
    interrupted.upgrade.wait_finished()
    assert interrupted.judges.upgraded() == []


@pytest.mark.parametrize("point, method", [("identity:before", "copy"), ("rejoin:middle", "copy"),
                                           pytest.param("verify:after", "copy", marks=pytest.mark.check),
                                           ("rejoin:middle", "clone")])
def test_new_data_given_up(make_lab, point, method):
    """By copy the old cluster is whole, and by clone: from the first write to the new one until after the run's end."""
    if method == "clone" and subprocess.call([LAB, "disks"]):
        pytest.skip("this machine cannot have the laboratory's disks, which have reflinks")
    interrupted = Interrupted(make_lab("up-" + point.replace(":", "-") + "-" + method,
                                       options=("--disks",) if method == "clone" else ()), point, method=method)
    lab, upgrade = interrupted.lab, interrupted.upgrade
    if point == "verify:after":
        upgrade.start_helper("node1")
        upgrade.wait_finished()
        interrupted.judges.writer.wait_for_more()
    written_since = interrupted.judges.writer.count() - interrupted.written
    refused = lab.run("node1", HELPER, "rollback", timeout=60)
    assert refused.returncode == REFUSED, refused.stdout + refused.stderr
    assert "this would lose what was written to PostgreSQL 17 since 20" in refused.stderr, refused.stderr
    told = int(re.search(r"by (\d+) transactions", refused.stderr)[1])
    assert written_since > 0 and told > 0
    refused = lab.run("node2", HELPER, "rollback", timeout=60) if point == "verify:after" else None
    assert refused is None or ("would be lost" in refused.stderr
                               and refused.returncode == REFUSED), refused.stdout + refused.stderr
    for host in lab.hosts[:1] + lab.hosts[2:] if point == "verify:after" else []:
        upgrade.start_helper(host)
    interrupted.give_up_from("node1")
    lab.wait_settled()
    assert lab.server_version("monitor") == 15
    message = lab.monitor_sql("SELECT message FROM pgaf_upgrade_events() WHERE kind = 'rolled back' AND node = "
                              "'node_1'")
    assert message.startswith("what was written to PostgreSQL 17 since 20"), message
    # the discarded cluster is kept under another name
    assert lab.sh("node1", "cat", f"{lab.pgdata}_pg17_unused_1/PG_VERSION").strip() == "17"
    interrupted.assert_same_bytes()
    interrupted.assert_as_before(interrupted.written)


def roll_back_with_kept(interrupted, gives_up=False):
    """The kept standby has stopped with the old primary's last checkpoint, and goes on from there."""
    lab = interrupted.lab
    wait_until(60, "the kept standby has stopped", lambda: lab.run("node3", "pgrep", "-x", "postgres").returncode == 1)
    inode = ("node3", "stat", "-c", "%i", f"{lab.pgdata}/PG_VERSION")
    before = lab.sh(*inode)
    if gives_up:
        interrupted.give_up_from("node1")
    else:
        interrupted.roll_back_from("node1")
    lab.wait_settled()
    interrupted.assert_same_bytes()
    assert lab.sh(*inode) == before, "the kept standby was copied"


@pytest.mark.parametrize("point, method", [("pg_upgrade:linking", "link"), ("rejoin:middle", "copy")])
def test_with_a_kept_standby(make_lab, point, method):
    interrupted = Interrupted(make_lab("back-kept-" + method, secondaries=2), point, method=method,
                              keep_old_standby="node_3")
    roll_back_with_kept(interrupted, gives_up=method == "copy")
    interrupted.assert_as_before(interrupted.written if method == "copy" else None)


def roll_back_twice_killed(interrupted):
    """In the middle of the directories' way back, and again after it; then to its end."""
    lab = interrupted.lab
    for fault in ("swap:undo", "rollback:stop"):
        lab.run("node1", "env", f"PGAF_UPGRADE_FAULT={fault}", HELPER, "rollback", timeout=120)
        marker = lab.sh("node1", "cat", f"{lab.pgdata}_pgaf_upgrade/fault_reached").strip()
        assert marker == fault
    interrupted.roll_back_from("node1")
    lab.wait_settled()
    interrupted.assert_same_bytes()


def upgrade_again(interrupted):
    """When the other helpers have seen the end of the run that was rolled back."""
    for helper in interrupted.upgrade.helpers.values():
        wait_for(helper, 60)
    again = Upgrade(interrupted.lab)
    again.start()
    again.carry_through()
    assert interrupted.judges.upgraded() == []


def test_rollback_that_is_killed(make_lab):
    interrupted = Interrupted(make_lab("back-twice"), "swap:after")
    roll_back_twice_killed(interrupted)
    upgrade_again(interrupted)


@pytest.mark.check
def test_way_back_with_one_program(make_lab):
    """The same where the package of the new pg_autoctl has taken the old one's place: the one that ran is started
    again."""
    lab = make_lab("way-back")
    lay_out_with_one_program(lab)
    before = {host: running_program(lab, host) for host in lab.data_nodes}
    interrupted = Interrupted(lab, "swap:after", unit=UNIT_OF_ONE_PROGRAM)
    roll_back_twice_killed(interrupted)
    assert {host: running_program(lab, host) for host in lab.data_nodes} == before
    lab.sh("node2", "systemctl", "restart", UNIT_OF_ONE_PROGRAM)
    lab.wait_well("node2's unit was started again")
    assert running_program(lab, "node2") == before["node2"]
    upgrade_again(interrupted)


def test_rollback_of_the_monitor(make_lab):
    """Interrupted in its own upgrade: the old one serves again, and its upgrade is tried again."""
    interrupted = Interrupted(make_lab("back-monitor"), "start:middle", role="monitor")
    lab = interrupted.lab
    done = lab.run("monitor", HELPER, "rollback", timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert lab.server_version("monitor") == 15 and lab.autoctl_version("monitor") == "2.0"
    interrupted.upgrade.start_helper("monitor")
    interrupted.upgrade.wait_finished()
    assert interrupted.judges.upgraded() == []
