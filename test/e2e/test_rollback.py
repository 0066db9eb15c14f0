"""The old cluster given back, to the byte, from every point before the new server is first started."""
import pytest

from cluster import HELPER, Upgrade, wait_until
from faults import HOSTS, die_at
from judges import Judges

REFUSED = 6

# What a rollback must give back: the files that people and pg_autoctl rely on, and the names beside PGDATA.
DIGEST = r"""
set -e
cd "$1"
sha256sum postgresql.conf pg_hba.conf pg_ident.conf server.crt server.key PG_VERSION conf.d/app.conf
stat -c '%n %U %G %a' . global/pg_control postgresql.conf pg_hba.conf
cat ~postgres/.config/pg_autoctl"$1"/pg_autoctl.cfg
sha256sum /etc/systemd/system/pgautofailover.service
ls -d /etc/systemd/system/pgautofailover.service.d 2>/dev/null || true
ls "$1" | grep -v -e '^standby.signal$' -e '^postmaster' -e '^current_logfiles$'
systemctl is-enabled pgautofailover; systemctl is-active pgautofailover
/usr/lib/postgresql/15/bin/pg_controldata -D . | grep -e 'system identifier' -e 'TimeLineID:' -e 'catalog version'
"""


def digest(lab):
    return {host: lab.sh(host, "sh", "-c", DIGEST, "sh", lab.pgdata).splitlines() for host in lab.data_nodes}


def keeper_state(lab, host):
    """Control version, catalog version, system identifier and node of pg_autoctl.state."""
    return lab.sh(host, "sh", "-c", f"od -A n -t x1 -j 8 -N 20 ~postgres/.local/share/pg_autoctl{lab.pgdata}/pg_autoctl.state")


class Interrupted:
    """A cluster, watched, whose upgrade has been stopped on the primary at a point, by kill -9."""

    def __init__(self, lab, point, role="primary"):
        self.lab = lab
        self.judges = Judges(lab)
        self.before = digest(lab), {host: keeper_state(lab, host) for host in lab.data_nodes}
        self.upgrade = Upgrade(lab)
        self.upgrade.start()
        self.upgrade.start_helpers()
        self.upgrade.wait_state("ready", 90)
        # this one is run anew, with the point at which it dies
        self.upgrade.kill_helper(HOSTS[role])
        self.upgrade.approve()
        die_at(lab, role, *point.split(":"))

    def roll_back_from(self, host):
        """With the helpers that still run elsewhere, as on the terminals of who has started them."""
        done = self.lab.run(host, HELPER, "rollback", "--reason", "a test", timeout=240)
        assert done.returncode == 0, done.stdout + done.stderr
        wait_until(60, "the run is aborted", lambda: (self.upgrade.status() or {}).get("state") == "aborted")

    def assert_as_before(self):
        self.upgrade.stop_helpers()
        assert self.judges.as_before() == []

    def assert_same_bytes(self):
        after = digest(self.lab), {host: keeper_state(self.lab, host) for host in self.lab.data_nodes}
        assert after == self.before


@pytest.mark.parametrize("point", ["stop:middle", "pg_upgrade:middle", "pg_upgrade:linking", "swap:middle", "start:before"])
def test_rollback(make_lab, point):
    interrupted = Interrupted(make_lab("back-" + point.replace(":", "-").replace("_", "-")), point)
    if point == "start:before":
        # the monitor knows that start has begun, and cannot know that it was not carried out
        done = interrupted.lab.run("node1", HELPER, "rollback", timeout=60)
        assert done.returncode == REFUSED and "has been started" in done.stderr, done.stdout + done.stderr
        interrupted.upgrade.start_helper("node1")
        interrupted.upgrade.wait_finished()
        assert interrupted.judges.upgraded() == []
        return
    interrupted.roll_back_from("node1")
    interrupted.lab.wait_settled()
    interrupted.assert_same_bytes()
    interrupted.assert_as_before()


def test_rollback_that_is_killed(make_lab):
    """In the middle of the directories' way back, and again after it."""
    interrupted = Interrupted(make_lab("back-twice"), "swap:after")
    lab = interrupted.lab
    for fault in ("swap:undo", "rollback:stop"):
        lab.run("node1", "env", f"PGAF_UPGRADE_FAULT={fault}", HELPER, "rollback", timeout=120)
        marker = lab.sh("node1", "cat", f"{lab.pgdata}_pgaf_upgrade/fault_reached").strip()
        assert marker == fault
    interrupted.roll_back_from("node1")
    lab.wait_settled()
    interrupted.assert_same_bytes()
    # and the next upgrade goes through
    interrupted.upgrade.stop_helpers()
    again = Upgrade(lab)
    again.start()
    again.carry_through()
    assert interrupted.judges.upgraded() == []


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
